#!/usr/bin/env bash
# Builds the image of a simulated server and takes its test key out of it.
# Prints two lines: the image's name, and where the key is.
#
#   image.sh OS VERSION     e.g. image.sh debian bookworm
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 2 ] || { echo "usage: image.sh OS VERSION" >&2; exit 2; }
os=$1 version=$2
image=inertia-vps-$os:$version
key=$here/keys/$os-$version

arguments=(--build-arg "VERSION=$version")
dockerfile=$os
case "$os" in
    almalinux | fedora) dockerfile=centos; arguments+=(--build-arg "IMAGE=$os") ;;
    rockylinux) dockerfile=centos; arguments+=(--build-arg "IMAGE=rockylinux/rockylinux") ;;
esac

mkdir -p "$here/keys"
. "$here/alone.sh"
"$here/base.sh" "$os" "$version" >&2
docker build --quiet --file "$here/Dockerfile.$dockerfile" "${arguments[@]}" --tag "$image" "$here" >/dev/null
# Written beside and put in place, so that a key is never readable by others and never half.
(umask 077 && docker run --rm --entrypoint cat "$image" /usr/lib/vps/key > "$key.$$")
mv "$key.$$" "$key"
echo "$image"
echo "$key"
