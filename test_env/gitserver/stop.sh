#!/usr/bin/env bash
# Removes a git server with its repository.
#
#   stop.sh NAME
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: stop.sh NAME" >&2; exit 2; }
docker inspect "$1" >/dev/null 2>&1 || { echo "there is no $1"; exit 0; }
docker stop --time 3 "$1" >/dev/null
docker rm --force --volumes "$1" >/dev/null
