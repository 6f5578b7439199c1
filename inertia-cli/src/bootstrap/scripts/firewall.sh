# Prints which firewalls of the server itself are on, as key=value lines.
LC_ALL=C; export LC_ALL
PATH="$PATH:/usr/sbin:/sbin"
printf 'ufw=%s\n' "$(ufw status 2>/dev/null | head -n 1)"
printf 'firewalld=%s\n' "$(firewall-cmd --state 2>/dev/null)"
