#!/usr/bin/env bash
# Makes a Debian package of one program and of what belongs to it.
#
#   deb.sh VERSION ARCHITECTURE PROGRAM FOLDER     FOLDER holds completions and man, and gets the package
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 4 ] || { echo "usage: deb.sh VERSION ARCHITECTURE PROGRAM FOLDER" >&2; exit 2; }
version=$1 architecture=$2 program=$3 folder=$4

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"

put() { install -D -m "$1" "$2" "$tree/$3"; } # MODE FROM TO

put 755 "$program" usr/bin/inertia
put 644 "$here/inertia.service" usr/lib/systemd/system/inertia.service
put 644 "$here/../LICENSE" usr/share/doc/inertia/copyright
put 644 "$folder/completions/inertia.bash" usr/share/bash-completion/completions/inertia
put 644 "$folder/completions/_inertia" usr/share/zsh/vendor-completions/_inertia
put 644 "$folder/completions/inertia.fish" usr/share/fish/vendor_completions.d/inertia.fish
for page in "$folder"/man/*.1; do
    put 644 "$page" "usr/share/man/man1/${page##*/}"
done
gzip -9n "$tree"/usr/share/man/man1/*.1

install -d "$tree/DEBIAN"
size=$(du -sk --apparent-size "$tree" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" "$here/control" > "$tree/DEBIAN/control"
dpkg-deb --root-owner-group --build "$tree" "$folder/inertia_${version}_$architecture.deb" >/dev/null
