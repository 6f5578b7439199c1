# Installs Docker on Debian and its family, as root: the distribution's own package, else Docker's.
set -e
DEBIAN_FRONTEND=noninteractive; LC_ALL=C; export DEBIAN_FRONTEND LC_ALL
PATH="$PATH:/usr/sbin:/sbin"
# A fresh server often upgrades itself just now: wait for it.
apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"; }
# The lock of the lists is not waited for by that option. Other failures are not mended by trying again.
update() {
  tries=0
  while ! said=$(apt update 2>&1); do
    tries=$((tries + 1))
    case "$said" in *"/lists/lock"*) ;; *) tries=60 ;; esac
    if [ "$tries" -ge 60 ]; then echo "$said" >&2; return 1; fi
    sleep 5
  done
}
# An earlier installation may have been cut off.
dpkg --configure -a || true
update
extra=ca-certificates
[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] && extra="$extra apparmor"
if apt install --no-install-recommends docker.io $extra; then exit 0; fi
apt install --no-install-recommends ca-certificates curl
. /etc/os-release
case "$ID $ID_LIKE" in *ubuntu*) family=ubuntu ;; *) family=debian ;; esac
install -m 0755 -d /etc/apt/keyrings
curl -fsSL "https://download.docker.com/linux/$family/gpg" -o /etc/apt/keyrings/docker.asc
chmod a+r /etc/apt/keyrings/docker.asc
echo "deb [arch=$(dpkg --print-architecture) signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/$family ${UBUNTU_CODENAME:-$VERSION_CODENAME} stable" > /etc/apt/sources.list.d/docker.list
update
apt install --no-install-recommends docker-ce containerd.io
