# Prints what matters about a server as key=value lines. Reads only; every answer may be missing.
LC_ALL=C; export LC_ALL
PATH="$PATH:/usr/sbin:/sbin:/usr/local/bin:/snap/bin"
say() { printf '%s=%s\n' "$1" "$2"; }
if [ -r /etc/os-release ]; then
  ( . /etc/os-release; say os "$ID"; say os_like "$ID_LIKE"; say os_name "$PRETTY_NAME" )
fi
say machine "$(uname -m)"
say kernel "$(uname -s) $(uname -r)"
say home "$HOME"
if [ "$(id -u)" = 0 ]; then say sudo root
elif ! command -v sudo >/dev/null 2>&1; then say sudo none
elif sudo -n true 2>/dev/null; then say sudo free
else say sudo password
fi
say memory_kib "$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo 2>/dev/null)"
free() { df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }'; }
images=/var/lib/docker; [ -d "$images" ] || images=/var/lib
say free_images_kib "$(free "$images")"
say free_home_kib "$(free "$HOME")"
say clock "$(date +%s)"
say listening "$(awk '$4 == "0A" { n = split($2, part, ":"); print part[n] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null | sort -u | tr '\n' ' ')"
# The command docker alone is no engine, and Podman brings one too. A socket's file may be left over: somebody has to listen.
socket=/var/run/docker.sock
listens() { [ -S "$socket" ] && grep -q '00010000 .*/docker\.sock$' /proc/net/unix 2>/dev/null; }
podman() { grep -qs podman "$(command -v docker)" || case "$(readlink -f "$socket" 2>/dev/null)" in *podman*) ;; *) false ;; esac; }
docker=$(command -v dockerd)
if [ -z "$docker" ] && podman; then say podman yes
elif [ -z "$docker" ] && listens; then docker=$socket
elif [ -z "$docker" ] && [ -x /snap/bin/docker ]; then docker=/snap/bin/docker
fi
# A package whose installation was cut off is none yet.
case "$(dpkg-query -W -f '${db:Status-Status}' docker.io 2>/dev/null)" in
  unpacked | half-*) ;;
  *) say docker "$docker" ;;
esac
[ -d /snap/docker ] && say snap yes
listens && say socket yes
[ -w "$socket" ] && say socket_writable yes
[ -S "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/docker.sock" ] && say rootless yes
command -v gzip >/dev/null 2>&1 && say gzip yes
say end yes
