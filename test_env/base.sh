#!/usr/bin/env bash
# Makes sure that the engine has the image that a simulated server is made from.
#
#   base.sh OS VERSION     e.g. base.sh debian bookworm
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -eq 2 ] || { echo "usage: base.sh OS VERSION" >&2; exit 2; }

case "$1" in
    debian) "$root/fixtures/base-images.sh" "debian:$2-slim" ;;
    # Only Debian can be made without a registry; the build pulls the others.
    ubuntu | centos | almalinux | rockylinux | fedora) ;;
    *) echo "there is no server of '$1': debian, ubuntu, centos, almalinux, rockylinux or fedora" >&2; exit 2 ;;
esac
