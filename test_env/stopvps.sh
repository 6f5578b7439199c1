#!/usr/bin/env bash
# Shuts a simulated server down and removes everything of it.
#
#   stopvps.sh SSH_PORT
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: stopvps.sh SSH_PORT" >&2; exit 2; }
name=inertia-vps-$1

docker inspect "$name" >/dev/null 2>&1 || { echo "there is no $name"; exit 0; }
# Its engine has to end its containers: removed without that, they leave control groups behind.
docker stop "$name" >/dev/null
docker rm --force --volumes "$name" >/dev/null
