#!/bin/sh
### BEGIN INIT INFO
# Provides:          docker
# Required-Start:    $network
# Required-Stop:     $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Docker Engine in a simulated server
### END INIT INFO
# Starts and stops dockerd. The package's own script raises limits, which is forbidden inside a container.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
pidfile=/run/docker.pid
log=/var/log/dockerd.log

running() { [ -s "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null; }

# Returns once the engine listens, as a unit of systemd does.
start() {
    running && return 0
    command -v dockerd >/dev/null || { echo "docker: dockerd is not installed" >&2; return 5; }
    # A package's script that waits for its pipes to close would wait for the engine's end.
    setsid dockerd --pidfile "$pidfile" --storage-driver vfs </dev/null >>"$log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    await 300 listens || { echo "docker: dockerd does not answer; the end of $log:" >&2; tail -n 5 "$log" >&2; return 1; }
}

listens() { running && [ -S /run/docker.sock ]; }

stop() {
    running || return 0
    kill "$(cat "$pidfile")"
    await 150 stopped || { echo "docker: dockerd does not stop" >&2; return 1; }
}

stopped() { ! running; }

await() { # TENTHS CONDITION
    tries=$1
    until "$2"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

case "${1:-}" in
    start) start ;;
    stop) stop ;;
    restart | reload | force-reload) stop; start ;;
    status) running || { echo "docker is not running"; exit 3; } ;;
    *) echo "usage: $0 start|stop|restart|status" >&2; exit 2 ;;
esac
