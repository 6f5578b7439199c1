#!/usr/bin/env bash
# Starts a simulated server on this machine's loopback. Its ports are those of the server, but for ssh and the web:
# SSH_PORT leads to its port 22, DAEMON_PORT to the same port there, WEB_PORT to its port 80.
#
#   startvps.sh SSH_PORT IMAGE DAEMON_PORT WEB_PORT
#
# SSHD_OPTIONS   options for its sshd, e.g. "-o AllowTcpForwarding=no"
# VPS_NETWORK    a network of the engine for it to be in, beside other containers
set -euo pipefail
[ $# -eq 4 ] || { echo "usage: startvps.sh SSH_PORT IMAGE DAEMON_PORT WEB_PORT" >&2; exit 2; }
ssh_port=$1 image=$2 daemon_port=$3 web_port=$4
name=inertia-vps-$ssh_port

# What `--privileged` would give, without what some engines cannot: CAP_SYS_RESOURCE.
capabilities=(
    SETPCAP LINUX_IMMUTABLE NET_BROADCAST NET_ADMIN IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_PTRACE SYS_PACCT SYS_ADMIN
    SYS_BOOT SYS_NICE SYS_TIME SYS_TTY_CONFIG LEASE AUDIT_CONTROL MAC_OVERRIDE MAC_ADMIN SYSLOG
)
without_privileges=(
    "${capabilities[@]/#/--cap-add=}" --security-opt seccomp=unconfined --device /dev/fuse --device-cgroup-rule 'a *:* rwm'
    --volume /sys/fs/cgroup:/sys/fs/cgroup:rw
)

run() {
    docker run --detach --init --name "$name" --hostname "${image//[^a-z0-9]/-}" --label inertia.test-env=vps \
        --network "${VPS_NETWORK:-bridge}" --volume /var/lib/docker --env "SSHD_OPTIONS=${SSHD_OPTIONS:-}" --stop-timeout 30 \
        --publish "127.0.0.1:$ssh_port:22" --publish "127.0.0.1:$daemon_port:$daemon_port" --publish "127.0.0.1:$web_port:80" \
        "$@" "$image" >/dev/null
}

remove() { docker rm --force --volumes "$name" >/dev/null 2>&1 || true; }

start() {
    ! docker inspect "$name" >/dev/null 2>&1 || { echo "$name is there already: stopvps.sh $ssh_port removes it" >&2; exit 1; }
    run --privileged 2>/dev/null && return
    remove
    run "${without_privileges[@]}" || { remove; echo "$image does not start" >&2; exit 1; }
}

answers() {
    local banner=""
    exec 3<>"/dev/tcp/127.0.0.1/$ssh_port" || return 1
    read -r -t 2 banner <&3 || true
    exec 3>&-
    [[ $banner == SSH-* ]]
}

await() {
    local tries
    for tries in $(seq 100); do
        answers 2>/dev/null && return
        sleep 0.1
    done
    echo "sshd of $name does not answer after $tries tries; what it said:" >&2
    docker logs --tail 20 "$name" >&2
    exit 1
}

start
await
