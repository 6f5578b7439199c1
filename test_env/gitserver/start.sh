#!/usr/bin/env bash
# Starts a git server in a network of the engine, with one empty repository.
# Prints two lines: the repository's URL, and where the key of a developer is who may push to it.
#
#   start.sh NAME NETWORK
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 2 ] || { echo "usage: start.sh NAME NETWORK" >&2; exit 2; }
name=$1 network=$2
image=inertia-gitserver:bookworm
key=$here/../keys/gitserver

address() { docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$name"; }

await() { # ADDRESS
    local tries
    for tries in $(seq 100); do
        (exec 3<>"/dev/tcp/$1/22") 2>/dev/null && return
        sleep 0.1
    done
    echo "sshd of $name does not answer on $1 after $tries tries; what it said:" >&2
    docker logs --tail 20 "$name" >&2
    exit 1
}

mkdir -p "$(dirname "$key")"
(
    . "$here/../alone.sh"
    "$here/../base.sh" debian bookworm >&2
    docker build --quiet --tag "$image" "$here" >/dev/null
    umask 077
    docker run --rm --entrypoint cat "$image" /srv/developer > "$key.$$"
    mv "$key.$$" "$key"
)
docker run --detach --init --name "$name" --network "$network" --label inertia.test-env=gitserver "$image" >/dev/null
await "$(address)"
echo "ssh://git@$(address)/srv/git/app.git"
realpath "$key"
