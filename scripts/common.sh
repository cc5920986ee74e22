# Sourced by the scripts beside it: where we are, how we speak, how we remember what is done.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '==> %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Prints one hash for the names and contents of all files under the paths given; missing paths count as empty.
content_hash() {
    { find "$@" -type f -print0 2>/dev/null || true; } | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum | cut -d ' ' -f 1
}

# A stamp is a file that holds the hash of what a step was made from.
is_stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

stamp() {
    mkdir -p "$(dirname "$1")"
    printf '%s\n' "$2" >"$1"
}

needs_swift() {
    command -v swift >/dev/null || fail "Swift is not on the PATH. Drover needs Swift 6.3: https://www.swift.org/install/linux/"
}
