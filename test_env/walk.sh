#!/usr/bin/env bash
# Walks from a bare server to a page changed by a push, on a simulated server: what `make test-vps` runs.
#
#   walk.sh OS VERSION [root|deploy]
#
# root logs in as root; deploy as a person outside the group docker, who gives a password for sudo.
# FORWARDING=no   sshd forwards neither sockets nor ports
# DOCKER=there    Docker is on the server before, as with many providers; the time to the first page counts then
# CUTS=yes        the connection is cut in the middle of every step of init first
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
[ $# -ge 2 ] || { echo "usage: walk.sh OS VERSION [root|deploy]" >&2; exit 2; }
os=$1 version=$2 user=${3:-root}
inertia=${INERTIA:-${CARGO_TARGET_DIR:-$root/target}/release/inertia}
. "$root/fixtures/web.sh"
. "$here/steps.sh"
. "$here/cuts.sh"

place=$(mktemp -d)
name=inertia-walk-$$
ssh_port=$(free_port) daemon_port=$(free_port) closed_port=$(free_port) web=$(free_port)
vps=inertia-vps-$ssh_port

# ---- What happens however it ends

leave() {
    local status=$?
    [ $status -eq 0 ] || tell_why
    [ -z "$cutter" ] || kill "$cutter" 2>/dev/null || true
    "$here/stopvps.sh" "$ssh_port" >/dev/null 2>&1 || true
    "$here/gitserver/stop.sh" "$name-git" >/dev/null 2>&1 || true
    docker network rm "$name" >/dev/null 2>&1 || true
    rm -rf "$place"
}
trap leave EXIT

tell_why() {
    tell_failed
    for file in "$place"/*.err; do
        [ -s "$file" ] && { echo "-- ${file##*/}, its end:" >&2; tail -n 30 "$file" >&2; }
    done
    echo "-- the server:" >&2
    docker logs --tail 10 "$vps" >&2 || true
    docker exec "$vps" sh -c 'tail -n 10 /var/log/dockerd.log' >&2 || true
}

# ---- Words of the walk

# The program under test finds git to call and nothing else: no ssh, no docker, no compose.
product() {
    (cd "$place/app" && PATH=$place/bin HOME=$place/home INERTIA_SUDO_PASSWORD=${password:-} "${traced[@]}" "$inertia" --no-input "$@")
}
traced=()

on_server() { docker exec "$vps" sh -c "$1"; }
head_commit() { git -C "$place/app" rev-parse HEAD; }

# One field of a JSON document on standard input: field NAME
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

push() { # MESSAGE
    (
        cd "$place/app"
        git add -A
        git -c user.name=t -c user.email=t@example.com commit -qm "$1"
        GIT_SSH_COMMAND="ssh -q -i $developer -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null" git push -q origin main
    )
}

# ---- The steps

git_server() {
    docker network create "$name" >/dev/null
    { read -r origin; read -r developer; } < <("$here/gitserver/start.sh" "$name-git" "$name")
}

server() {
    local options=""
    [ "${FORWARDING:-yes}" = yes ] || options="-o AllowTcpForwarding=no -o AllowStreamLocalForwarding=no"
    { read -r image; read -r key; } < <("$here/image.sh" "$os" "$version")
    SSHD_OPTIONS=$options VPS_NETWORK=$name "$here/startvps.sh" "$ssh_port" "$image" "$daemon_port" "$web"
    if [ "${DOCKER:-}" = there ]; then
        on_server 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install docker.io' >"$place/docker.err" 2>&1
    else
        on_server '! command -v dockerd && ! command -v docker'
    fi
}

# A web project whose images need no registry, served on port 80. No service has a restart policy: after a reboot it is
# the daemon that brings them back.
repository() {
    mkdir "$place/app" "$place/home" "$place/bin"
    ln -s "$(command -v git)" "$place/bin/git"
    [ ! -x "$(command -v strace)" ] || ln -s "$(command -v strace)" "$place/bin/strace"
    cp -r "$root"/fixtures/projects/scratch/{compose.yaml,web} "$place/app/"
    rm -f "$place/app/web/.gitignore"
    sed -i 's/"127.0.0.1:${SCRATCH_PORT:-8088}:8000"/"80:8000"/' "$place/app/compose.yaml"
    git -C "$place/app" init -q -b main
    git -C "$place/app" remote add origin "$origin"
    git -C "$place/app" add -A
    product init >/dev/null
    push "Say hello"
}

add_remote() {
    local port=$daemon_port
    [ -z "${CUTS:-}" ] || port=$closed_port
    product remote add local -a 127.0.0.1 --ssh-port "$ssh_port" --port "$port" -u "$user" -i "$key" --accept-new-host-key >/dev/null
}

open_the_port() { product remote set local port "$daemon_port" >/dev/null; }

# The server is made ready; then the daemon cannot read the repository yet, and says with which key it would.
bootstrap() {
    if command -v strace >/dev/null; then traced=(strace -f -qq -e trace=execve -o "$place/started"); fi
    product --json local init >"$place/init.json" 2>"$place/init.err" || true
    traced=()
    cat "$place/init.err"
    [ -s "$place/init.json" ]
    secret=$(field webhook_secret <"$place/init.json")
}

# Nothing but the program itself, and git, was started on this side, nor looked for.
starts_nothing() {
    if [ ! -e "$place/started" ]; then
        [ -z "${CI:-}" ] || { echo "strace is needed to see what was started" >&2; return 1; }
        echo "skipped: there is no strace here"
        return 0
    fi
    local others
    others=$(grep -F 'execve(' "$place/started" | grep -vF -e "execve(\"$inertia\"" -e "execve(\"$place/bin/git\"" || true)
    [ -z "$others" ] || { echo "$others" >&2; return 1; }
}

# The program goes over the wire once, compressed.
sends_little() {
    local sent
    sent=$(sed -n 's/.*: \([0-9]*\) bytes sent.*/\1/p' "$place"/*.err)
    echo "     $sent bytes sent"
    [ "$sent" -lt 10000000 ]
}

# With the key let in, the same command finishes what it could not before.
authorise() {
    field deploy_key <"$place/init.json" | "$here/gitserver/authorize.sh" "$name-git"
    product --json local init >"$place/read.json" 2>"$place/read.err"
    [ "$(field webhook_secret <"$place/read.json")" = "$secret" ]
}

accepts() { product remote status local | grep "Remote instance 'local' accepting requests at https://"; }

answers_200() {
    python3 - "$daemon_port" <<'PYTHON'
import ssl, sys, urllib.request
answer = urllib.request.urlopen(f"https://127.0.0.1:{sys.argv[1]}/", context=ssl._create_unverified_context(), timeout=10)
sys.exit(answer.status != 200)
PYTHON
}

first_page() {
    product local up 2>"$place/up.err"
    answers "$web" / "You are visitor"
}

# What a git host says: a signed push, to the address that init gave.
push_deploys() {
    echo "A push was a deployment." > "$place/app/web/motd.txt"
    push "Say something else"
    python3 - "$place/init.json" "$(head_commit)" "$daemon_port" <<'PYTHON'
import hashlib, hmac, json, ssl, sys, urllib.parse, urllib.request
made = json.load(open(sys.argv[1]))
body = json.dumps({"ref": "refs/heads/main", "after": sys.argv[2], "head_commit": {"id": sys.argv[2]},
                   "repository": {"clone_url": made["url"], "ssh_url": made["url"]}}).encode()
signature = "sha256=" + hmac.new(made["webhook_secret"].encode(), body, hashlib.sha256).hexdigest()
path = urllib.parse.urlsplit(made["webhook_url"]).path
request = urllib.request.Request(f"https://127.0.0.1:{sys.argv[3]}{path}", data=body, headers={
    "Content-Type": "application/json", "X-GitHub-Event": "push", "X-GitHub-Delivery": sys.argv[2], "X-Hub-Signature-256": signature})
answer = urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=10)
sys.exit(answer.status != 202)
PYTHON
    answers "$web" / "A push was a deployment."
}

history_of() { product --json local history; }
settled() { history_of | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)[0]["state"] != "healthy")'; }
await_settled() {
    local tries
    for tries in $(seq 60); do settled && return; sleep 0.5; done
    echo "the last deployment is not healthy after $tries tries" >&2
    return 1
}

init_again() {
    await_settled
    history_of >"$place/before.json"
    product --json local init >"$place/again.json" 2>"$place/again.err"
    [ "$(field webhook_secret <"$place/again.json")" = "$secret" ] || { echo "the webhook's secret changed" >&2; return 1; }
    nothing_lost
}

# Somebody else comes to the same server, who does not know at which port its daemon is.
another_remote() {
    product remote add again -a 127.0.0.1 --ssh-port "$ssh_port" -u "$user" -i "$key" >/dev/null
    product --json again init >/dev/null 2>"$place/another.err"
    grep -q "Look at the daemon: it runs already, and is as it should be" "$place/another.err"
    product remote show again | grep -q "^port: $daemon_port\$"
    product remote rm again >/dev/null
}

nothing_lost() {
    history_of >"$place/after.json"
    cmp "$place/before.json" "$place/after.json"
    answers "$web" / "A push was a deployment."
}

reboot() {
    docker restart "$vps" >/dev/null
    answers "$web" / "A push was a deployment."
    local tries=0
    until product remote status local >/dev/null 2>"$place/status.err"; do
        [ $((tries += 1)) -lt 60 ] || return 1
        sleep 0.5
    done
    nothing_lost
}

# Another program with the same abilities: the daemon is replaced, and what it knew is kept beside it.
upgrade() {
    cp "$inertia" "$place/other"
    echo >>"$place/other"
    product --json local upgrade --daemon-binary "$place/other" >"$place/upgrade.json" 2>"$place/upgrade.err"
    [ "$(field outcome <"$place/upgrade.json")" = replaced ]
    on_server "test -s '$(field state <"$place/upgrade.json")/before-upgrade/inertia.db'"
    nothing_lost
}

tells_its_log() { product local logs --daemon 2>"$place/log.err" | grep -F listening >/dev/null; }

uninstall() {
    local state
    state=$(field state <"$place/upgrade.json")
    product --json local uninstall --yes >"$place/uninstall.json" 2>"$place/uninstall.err"
    [ "$(field found <"$place/uninstall.json") $(field state <"$place/uninstall.json")" = "True $state" ]
    product --json local uninstall --data --yes >"$place/uninstall.json" 2>"$place/uninstall.err"
    [ "$(field found <"$place/uninstall.json") $(field erased <"$place/uninstall.json")" = "False $state" ]
    on_server "! test -e '$state'"
    answers "$web" / "A push was a deployment."
}

[ "$user" = root ] || password=push-to-deploy
echo "== $os $version as $user${FORWARDING:+, forwarding: $FORWARDING}${DOCKER:+, Docker: $DOCKER}"
begun=$SECONDS
step "a git server with an empty repository" git_server
step "a server${DOCKER:+ with Docker}" server
[ -x "$root/fixtures/projects/scratch/web/scratch-web" ] || step "the project's program is built" "$root/fixtures/projects/scratch/build.sh"
step "inertia init; the first push" repository
ready=$SECONDS
step "inertia remote add local" add_remote
if [ -n "${CUTS:-}" ]; then
    step "inertia local init, cut off in every step" every_step_is_cut
    step "the daemon gets the port that is open" open_the_port
fi
step "inertia local init" bootstrap
step "it started neither ssh nor docker on this side" starts_nothing
step "it sent less than 10 MB" sends_little
step "the repository lets the deploy key in; init again" authorise
step "inertia remote status local" accepts
step "HTTPS GET answers 200" answers_200
step "inertia local up: the page answers" first_page
echo "     from 'remote add' to the first page: $((SECONDS - ready)) s"
step "a push, a signed webhook: the page has changed" push_deploys
step "inertia local init once more: nothing is lost" init_again
step "another remote without a port: the daemon keeps its own" another_remote
step "a reboot: everything comes back" reboot
step "inertia local upgrade: nothing is lost, and the database of before is kept" upgrade
step "inertia local logs --daemon" tells_its_log
step "inertia local uninstall, then --data: the page stays" uninstall
echo "== walked in $((SECONDS - begun)) s"
