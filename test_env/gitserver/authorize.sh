#!/usr/bin/env bash
# Lets a deploy key, given on standard input, read the repository and nothing else. Done again, it changes nothing.
#
#   authorize.sh NAME < deploy.pub
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: authorize.sh NAME < deploy.pub" >&2; exit 2; }
read -r kind body _ || { echo "there is no key on standard input" >&2; exit 1; }
[[ $kind == ssh-* || $kind == ecdsa-* ]] || { echo "this is no public key: $kind" >&2; exit 1; }

line="restrict,command=\"git-upload-pack '/srv/git/app.git'\" $kind $body"
docker exec --interactive "$1" sh -c '
    keys=/home/git/.ssh/authorized_keys
    read -r line
    grep -qxF "$line" "$keys" || printf "%s\n" "$line" >> "$keys"' <<<"$line"
