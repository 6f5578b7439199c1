#!/usr/bin/env bash
# Runs once, while the image is built: the people who may log in, the test key, and what stands in for an init system.
set -euo pipefail
here=/usr/lib/vps

# The key is authorised for root and for `deploy`, who has to give a password for sudo and is not in group docker.
people() {
    local administrators=sudo
    getent group sudo >/dev/null || administrators=wheel
    useradd --create-home --shell /bin/bash --groups "$administrators" deploy
    echo 'deploy:push-to-deploy' | chpasswd
    ssh-keygen -q -t ed25519 -N '' -C 'test key of a simulated server' -f "$here/key"
    authorise /root root
    authorise /home/deploy deploy
}

authorise() { # HOME USER
    install -d -m 700 -o "$2" -g "$2" "$1/.ssh"
    install -m 600 -o "$2" -g "$2" "$here/key.pub" "$1/.ssh/authorized_keys"
}

# No systemd runs here. Packages must not put theirs in the place of what stands in for it.
services() {
    if command -v dpkg-divert >/dev/null; then
        local path
        for path in /bin/systemctl /usr/bin/systemctl /etc/init.d/docker; do
            dpkg-divert --quiet --local --rename --divert "$path.distrib" --add "$path"
        done
        install -m 755 "$here/docker.sh" /etc/init.d/docker
        pretend_init
    fi
    install -m 755 "$here/systemctl.sh" /usr/bin/systemctl
}

# Debian's packages start their services only where these exist, and where this policy does not.
pretend_init() {
    rm -f /usr/sbin/policy-rc.d
    [ -e /sbin/init ] || ln -s /bin/true /sbin/init
    [ -e /sbin/runlevel ] || { printf '#!/bin/sh\necho N 2\n' > /sbin/runlevel; chmod 755 /sbin/runlevel; }
}

people
services
ssh-keygen -A
