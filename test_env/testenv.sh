#!/usr/bin/env bash
# Builds the image of a simulated server, starts it, and says how to log in.
#
#   testenv.sh OS VERSION SSH_PORT DAEMON_PORT WEB_PORT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 5 ] || { echo "usage: testenv.sh OS VERSION SSH_PORT DAEMON_PORT WEB_PORT" >&2; exit 2; }
os=$1 version=$2 ssh_port=$3 daemon_port=$4 web_port=$5

{ read -r image; read -r key; } < <("$here/image.sh" "$os" "$version")
[ -n "${key:-}" ] || exit 1
"$here/startvps.sh" "$ssh_port" "$image" "$daemon_port" "$web_port"
cat <<SAID
A server without Docker runs: $os $version. Its port 80 is 127.0.0.1:$web_port here.
The key of root and of deploy (whose sudo password is push-to-deploy): $key

  ssh -p $ssh_port -i $key root@127.0.0.1
  inertia remote add local -a 127.0.0.1 --ssh-port $ssh_port --port $daemon_port -u root -i $key
  inertia local init
  make testenv-stop SSH_PORT=$ssh_port
SAID
