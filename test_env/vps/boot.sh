#!/usr/bin/env bash
# What the server does from being switched on to being shut down. SSHD_OPTIONS are given to sshd.
set -uo pipefail

# A pid file of before the boot would keep a service from starting.
empty_run() {
    find /run -xdev -mindepth 1 -delete 2>/dev/null
    mkdir -p /run/sshd /run/lock
}

# What an engine inside a container needs and a container does not give by itself; each is there already on some engines.
allow_nesting() {
    mount -o remount,rw /proc/sys 2>/dev/null
    local cgroups=/sys/fs/cgroup
    [ -f "$cgroups/cgroup.controllers" ] || return 0
    # Controllers can be handed on only by a group that holds no process.
    mkdir -p "$cgroups/init"
    while read -r pid; do echo "$pid" > "$cgroups/init/cgroup.procs"; done < "$cgroups/cgroup.procs" 2>/dev/null
    sed 's/\(^\| \)/\1+/g' "$cgroups/cgroup.controllers" > "$cgroups/cgroup.subtree_control"
}

# Debian's package enables its service; elsewhere an administrator has to.
start_docker() {
    command -v dockerd >/dev/null || return 0
    if [ -e /var/lib/vps/enabled/docker ] || [ -e /etc/init.d/docker ]; then
        /usr/lib/vps/docker.sh start
    fi
}

shut_down() {
    /usr/lib/vps/docker.sh stop
    kill "$sshd" 2>/dev/null
    exit 0
}

empty_run
allow_nesting
read -ra options <<<"${SSHD_OPTIONS:-}"
/usr/sbin/sshd -D -e "${options[@]}" &
sshd=$!
trap shut_down TERM INT
start_docker
wait "$sshd"
