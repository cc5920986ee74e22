/// Files that say what a project depends on (control-plane §7.8).
enum Dependencies {
    /// Whether a path is a manifest or a lockfile.
    static func isManifest(_ path: String) -> Bool {
        let segments = path.split(separator: "/")
        guard let name = segments.last.map(String.init) else { return false }
        guard !segments.dropLast().contains(where: { $0 == "node_modules" || $0 == ".build" }) else { return false }
        if names.contains(name) { return true }
        if name.hasPrefix("requirements"), name.hasSuffix(".txt") { return true }
        return name.hasSuffix(".gemspec") || name.hasSuffix(".csproj") || name.hasSuffix(".cabal")
    }

    private static let names: Set<String> = [
        "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
        "bun.lockb", "deno.json", "deno.lock", "Package.swift", "Package.resolved", "Podfile", "Podfile.lock",
        "Cargo.toml", "Cargo.lock", "pyproject.toml", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile", "Pipfile.lock",
        "setup.py", "setup.cfg", "go.mod", "go.sum", "Gemfile", "Gemfile.lock", "composer.json", "composer.lock",
        "pom.xml", "build.gradle", "build.gradle.kts", "gradle.lockfile", "libs.versions.toml", "packages.lock.json",
        "mix.exs", "mix.lock", "pubspec.yaml", "pubspec.lock", "flake.lock",
    ]
}
