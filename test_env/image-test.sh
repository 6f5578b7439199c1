#!/usr/bin/env bash
# Runs the image of the Dockerfile at the root by the line that is written in it, and deploys a project whose files
# are read from three sides: by the daemon in its container, by the engine outside, by the project's own containers.
#
#   image-test.sh IMAGE
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
[ $# -eq 1 ] || { echo "usage: image-test.sh IMAGE" >&2; exit 2; }
image=$1
inertia=${INERTIA:-${CARGO_TARGET_DIR:-$root/target}/release/inertia}
. "$root/fixtures/web.sh"
. "$here/steps.sh"

place=$(mktemp -d)
id=image-test-$$
port=$(free_port) web=$(free_port)

leave() {
    local status=$?
    tell_failed
    [ $status -eq 0 ] || docker logs --tail 30 "$id" >&2 || true
    (cd "$place/app" 2>/dev/null && "$inertia" local down --volumes >/dev/null 2>&1) || true
    docker stop --time 10 "$id" >/dev/null 2>&1 || true
    docker rm --force --volumes "$id" >/dev/null 2>&1 || true
    "$here/gitserver/stop.sh" "$id-git" >/dev/null 2>&1 || true
    docker network rm "$id" >/dev/null 2>&1 || true
    docker image ls -q --filter "label=com.docker.compose.project=$id" | sort -u | xargs -r docker image rm -f >/dev/null 2>&1 || true
    # The daemon's files belong to root.
    docker run --rm --volume "$place:/place" busybox:latest sh -c 'rm -rf /place/*' >/dev/null 2>&1 || true
    rm -rf "$place"
}
trap leave EXIT

daemon() { # The line of the Dockerfile, with another home folder, port and name
    local HOME=$place/home
    docker run -d --name "$id" --restart unless-stopped -p "127.0.0.1:$port:8081" --network "$id" \
        -v /var/run/docker.sock:/var/run/docker.sock -v "$HOME":/app/host \
        -e DAEMON=true -e HOME="$HOME" -e SSH_KNOWN_HOSTS=/app/host/.ssh/known_hosts "$image" >/dev/null
    local tries
    for tries in $(seq 100); do
        docker cp "$id:/app/host/.inertia/." "$place/state" >/dev/null 2>&1 && [ -s "$place/state/address" ] && break
        sleep 0.1
    done
    # It cannot know which port it has outside.
    echo "https://127.0.0.1:$port" > "$place/state/address"
}

keeps_state_on_the_host() { [ -d "$place/home/.inertia" ]; }

git_server() {
    { read -r origin; read -r developer; } < <("$here/gitserver/start.sh" "$id-git" "$id")
    local address=${origin#*@}
    # As `ssh-keyscan` would write it.
    echo "${address%%/*} $(docker exec "$id-git" cat /etc/ssh/ssh_host_ed25519_key.pub)" > "$place/home/.ssh/known_hosts"
}

project() {
    mkdir -p "$place/app/page"
    cd "$place/app"
    cat > compose.yaml <<YAML
name: $id
services:
  web:
    build: .
    init: true
    stop_grace_period: 1s
    ports: ["127.0.0.1:$web:80"]
    env_file: [settings.env]
    volumes: ["./page:/from/bind:ro", "./page/single.txt:/from/single.txt:ro"]
    secrets: [word]
    configs: [{source: motto, target: /from/config.txt}]
secrets: {word: {file: ./word.txt}}
configs: {motto: {file: ./motto.txt}}
YAML
    cat > Dockerfile <<'DOCKERFILE'
FROM busybox:latest
COPY context.txt /from/context.txt
CMD mkdir /www && echo "$FROM_ENV_FILE" | cat - /from/context.txt /from/bind/bind.txt /from/single.txt /from/config.txt /run/secrets/word > /www/index.html && exec httpd -f -p 80 -h /www
DOCKERFILE
    echo "FROM_ENV_FILE=from the env_file" > settings.env
    local file
    for file in context.txt page/bind.txt page/single.txt motto.txt word.txt; do echo "from $file" > "$file"; done
    git init -q -b main
    git remote add origin "$origin"
    git add -A
    "$inertia" init >/dev/null
    git add -A
    git -c user.name=t -c user.email=t@example.com commit -qm "A page of many files"
    GIT_SSH_COMMAND="ssh -q -i $developer -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null" git push -q origin main
}

registers() {
    "$inertia" remote add local --local "$place/state" >/dev/null
    "$inertia" --no-input --json local init > "$place/init.json" || true
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["deploy_key"])' "$place/init.json" | "$here/gitserver/authorize.sh" "$id-git"
}

quietly() {
    if ! "$@" >"$place/said" 2>&1; then
        cat "$place/said" >&2
        return 1
    fi
}
holds() { page "$web" | grep -q "$1"; }

mkdir -p "$place/home/.ssh" "$place/state"
"$root/fixtures/base-images.sh" busybox
docker network create "$id" >/dev/null
step "the git server stands" git_server
step "the daemon starts by the original's line" daemon
step "its state is in the host's home folder" keeps_state_on_the_host
step "a repository is pushed" project
cd "$place/app"
step "the daemon knows the project" registers
step "it is deployed" quietly "$inertia" local up
step "the page answers" answers "$web" / "from context.txt"
step "an env_file was read" holds "from the env_file"
step "a folder was mounted" holds "from page/bind.txt"
step "a file was mounted" holds "from page/single.txt"
step "a config was given" holds "from motto.txt"
step "a secret was given" holds "from word.txt"
docker restart "$id" >/dev/null
step "the daemon restarts; the page stays" answers "$web" / "from context.txt"
step "it is taken away" quietly "$inertia" local down --volumes
