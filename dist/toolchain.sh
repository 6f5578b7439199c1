# Sourced by the scripts beside it: what a program for another architecture is built with.

# Sets the environment for a build: toolchain ARCHITECTURE
toolchain() {
    local triple=$1-unknown-linux-gnu linker=$1-linux-gnu-gcc
    # The compiler comes without a C library where one does not ask for it.
    [ -e "$("$linker" -print-file-name=libc.a 2>/dev/null)" ] || install_packages "gcc-${1/_/-}-linux-gnu" "libc6-dev-$(debian_name "$1")-cross"
    has_library rustc "$triple" || rustup target add "$triple" >/dev/null 2>&1 || debian_toolchain "$1"
    local upper=${triple^^}
    export "CARGO_TARGET_${upper//-/_}_LINKER=$linker" "CC_${triple//-/_}=$linker"
    # Tests start the program by themselves as well.
    local emulator; emulator=$(emulator "$1")
    export "CARGO_TARGET_${upper//-/_}_RUNNER=$emulator" "INERTIA_EMULATOR=$emulator" "QEMU_LD_PREFIX=/usr/$1-linux-gnu"
}

has_library() { [ -d "$("$1" --print target-libdir --target "$2" 2>/dev/null)" ]; } # RUSTC TRIPLE

# Debian packages Rust's standard library for its own architectures.
debian_toolchain() { # ARCHITECTURE
    local debian; debian=$(debian_name "$1")
    if ! has_library /usr/bin/rustc "$1-unknown-linux-gnu"; then
        as_root dpkg --add-architecture "$debian"
        install_packages rustc-web "libstd-rust-web-dev:$debian"
    fi
    export RUSTC=/usr/bin/rustc
}

# What Debian calls an architecture.
debian_name() {
    case "$1" in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) echo "$1" ;;
    esac
}

# Prints what runs a program of the architecture here: emulator ARCHITECTURE
emulator() {
    command -v "qemu-$1-static" >/dev/null || install_packages qemu-user-static >&2
    command -v "qemu-$1-static"
}

install_packages() {
    command -v apt-get >/dev/null || { echo "install these, or build on Debian: $*" >&2; exit 1; }
    echo "installing $*" >&2
    as_root apt-get -q update >/dev/null
    DEBIAN_FRONTEND=noninteractive as_root apt-get -qy --no-install-recommends install "$@" >/dev/null
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo --preserve-env=DEBIAN_FRONTEND "$@"; fi
}
