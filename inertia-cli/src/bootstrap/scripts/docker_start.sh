# Starts Docker, now and at every boot, as root, and waits for its socket.
PATH="$PATH:/usr/sbin:/sbin"
if command -v systemctl >/dev/null 2>&1 && systemctl enable --now docker; then :
elif command -v service >/dev/null 2>&1 && service docker start; then :
else echo "neither systemctl nor service could start docker" >&2; exit 1
fi
tries=0
while [ ! -S /var/run/docker.sock ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 60 ]; then echo "docker was started, but /var/run/docker.sock did not appear within a minute" >&2; exit 1; fi
  sleep 1
done
