# Installs Docker on RHEL and its family, as root: from Docker's repository, else the distribution's own package.
set -e
LC_ALL=C; export LC_ALL
PATH="$PATH:/usr/sbin:/sbin"
if command -v dnf >/dev/null 2>&1; then get=dnf; else get=yum; fi
. /etc/os-release
case "$ID" in
  amzn) $get install -y docker; exit 0 ;;
  fedora) family=fedora; own=moby-engine ;;
  rhel) family=rhel; own= ;;
  *) family=centos; own= ;;
esac
list=/etc/yum.repos.d/docker-ce.repo
if curl -fsSL "https://download.docker.com/linux/$family/docker-ce.repo" -o "$list" && $get install -y docker-ce containerd.io; then exit 0; fi
[ -n "$own" ] || exit 1
rm -f "$list"
$get install -y "$own"
