# Everything a person does with this repository. Each target sets up what it needs and says what it does;
# a second run finds it done. The work itself is in scripts/.

.DEFAULT_GOAL := help
.PHONY: help setup run build test lint check bench fuzz install uninstall clean

PREFIX ?= /usr/local

help: ## this list
	@echo "Drover: mission control for coding agents"
	@echo
	@awk -F ' ## ' '/^[a-z]+:.* ## / { split($$1, word, ":"); printf "  make %-10s %s\n", word[1], $$2 }' Makefile

setup: ## install what building needs, and fetch the browser libraries of the page
	@scripts/packages build
	@scripts/web-libraries

run: ## build Drover and start it; prints the address of its page
	@scripts/run

build: setup ## build the release programs, drover, drover-shim and drover-hook in .build/release
	@scripts/build-release drover drover-shim drover-hook

test: ## run every test: units, protocols, scenarios with the real program, browser
	@scripts/test

lint: ## check the format of the sources
	@scripts/lint

check: lint test ## lint, then test

bench: ## measure Drover against its peers
	@scripts/packages build
	@Benchmarks/run

fuzz: ## feed the decoders what nobody should send
	@scripts/packages build
	@Fuzz/run

install: build ## install the programs and the page under PREFIX (default /usr/local)
	@scripts/install "$(DESTDIR)$(PREFIX)"

uninstall: ## remove what `make install` installed
	@scripts/install --remove "$(DESTDIR)$(PREFIX)"

clean: ## remove everything that was built or fetched
	rm -rf .build .cache web/vendor Tests/Browser/screenshots
