#!/usr/bin/env bash
# Runs the crates' tests as a program of another architecture, emulated where need be.
#
#   test.sh ARCHITECTURE [ARGUMENTS OF CARGO TEST…]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { echo "usage: test.sh ARCHITECTURE [ARGUMENTS…]" >&2; exit 2; }
architecture=$1; shift
cd "$here/.."
. "$here/toolchain.sh"
toolchain "$architecture"
cargo test --locked --target "$architecture-unknown-linux-gnu" --target-dir "${CARGO_TARGET_DIR:-target}/$architecture" "$@"
