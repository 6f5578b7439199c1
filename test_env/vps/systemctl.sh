#!/bin/sh
# Stands in for systemd's systemctl: knows Docker's units and sshd, and refuses what it does not know.
set -eu
enabled=/var/lib/vps/enabled
docker=/usr/lib/vps/docker.sh

# systemd's packages lead other names here; packages ask for the run level.
case "$0" in *runlevel) echo "N 2"; exit 0 ;; esac

verb="" units="" now="" quiet=""
for argument; do
    case "$argument" in
        --now) now=yes ;;
        --version) echo "systemd 0 (a stand-in)"; exit 0 ;;
        -q | --quiet) quiet=yes ;;
        -*) ;;
        *) if [ -z "$verb" ]; then verb=$argument; else units="$units ${argument%.service}"; fi ;;
    esac
done

say() { [ -n "$quiet" ] || echo "$1"; }

docker_unit() { # VERB
    case "$1" in
        start | stop | restart | reload) "$docker" "$1" ;;
        try-restart) if "$docker" status >/dev/null; then "$docker" restart; fi ;;
        enable) mkdir -p "$enabled"; touch "$enabled/docker"; if [ -n "$now" ]; then "$docker" start; fi ;;
        disable) rm -f "$enabled/docker"; if [ -n "$now" ]; then "$docker" stop; fi ;;
        is-active | status) if "$docker" status >/dev/null; then say active; else say inactive; return 3; fi ;;
        is-enabled) if [ -e "$enabled/docker" ]; then say enabled; else say disabled; return 1; fi ;;
        *) unknown ;;
    esac
}

unknown() { echo "systemctl: this stand-in does not know: $verb$units" >&2; exit 1; }

case "$verb" in
    daemon-reload | preset | mask | unmask | reset-failed) exit 0 ;;
    is-system-running) say running; exit 0 ;;
    "") unknown ;;
esac
for unit in $units; do
    case "$unit" in
        docker) docker_unit "$verb" ;;
        docker.socket | containerd) case "$verb" in is-active) say inactive; exit 3 ;; esac ;;
        ssh | sshd) case "$verb" in is-active | status) say active ;; is-enabled) say enabled ;; esac ;;
        *) case "$verb" in is-active) say inactive; exit 3 ;; is-enabled) say disabled; exit 1 ;; *) unknown ;; esac ;;
    esac
done
