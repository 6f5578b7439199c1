#!/usr/bin/env bash
# Makes what is released, in target/dist: a static program for each architecture, their packages for Debian,
# completions, man pages, the daemon's unit, and the checksums of it all.
#
#   build.sh [x86_64] [aarch64]     both when none is named
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
cd "$root"
. "$here/toolchain.sh"
target=${CARGO_TARGET_DIR:-$root/target}
dist=$target/dist
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)

program() { # ARCHITECTURE
    echo "== $1 ($SECONDS s)"
    local built
    if [ "$1" = "$(uname -m)" ]; then
        cargo build --locked --release --package inertia-cli
        built=$target/release/inertia
    else
        toolchain "$1"
        cargo build --locked --release --package inertia-cli --target "$1-unknown-linux-gnu" --target-dir "$target/$1"
        built=$target/$1/$1-unknown-linux-gnu/release/inertia
    fi
    is_static "$built" || { echo "$built is not statically linked" >&2; exit 1; }
    install -m 755 "$built" "$dist/inertia-$1-linux"
    runs "$1"
}

# Reads the program's own head: a static program names no loader.
is_static() { ! grep -qaF -m1 -e /lib64/ld-linux -e /lib/ld-linux <(head -c 4096 "$1"); }

runs() { # ARCHITECTURE
    local emulator=()
    [ "$1" = "$(uname -m)" ] || emulator=("$(emulator "$1")")
    local said; said=$("${emulator[@]}" "$dist/inertia-$1-linux" --version)
    [ "$said" = "inertia $version" ] || { echo "inertia-$1-linux --version says '$said'" >&2; exit 1; }
    "${emulator[@]}" "$dist/inertia-$1-linux" compose -f fixtures/projects/scratch/compose.yaml config --quiet
}

# The same on every architecture, so they are written by the one that runs here.
papers() {
    local own; own=$dist/inertia-$(uname -m)-linux
    mkdir -p "$dist"/{completions,man}
    "$own" completions bash > "$dist/completions/inertia.bash"
    "$own" completions zsh > "$dist/completions/_inertia"
    "$own" completions fish > "$dist/completions/inertia.fish"
    "$own" man "$dist/man" >/dev/null
    cp "$here/inertia.service" "$dist/"
}

package() { # ARCHITECTURE
    command -v dpkg-deb >/dev/null || { echo "no package for Debian: there is no dpkg-deb here"; return; }
    "$here/deb.sh" "$version" "$(debian_name "$1")" "$dist/inertia-$1-linux" "$dist"
}

architectures=("$@")
[ $# -gt 0 ] || architectures=(x86_64 aarch64)
rm -rf "$dist"
mkdir -p "$dist"
for architecture in "${architectures[@]}"; do program "$architecture"; done
if [ -e "$dist/inertia-$(uname -m)-linux" ]; then
    papers
    for architecture in "${architectures[@]}"; do package "$architecture"; done
fi
(cd "$dist" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum > SHA256SUMS)
echo "== $dist ($SECONDS s)"
(cd "$dist" && ls -l)
