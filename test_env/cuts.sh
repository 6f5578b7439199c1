# Sourced by walk.sh: cuts the connection in the middle of every step of `inertia local init`, and looks at what is said.
# Each run gets past the step in which the one before was cut off, so that the last one finishes the job of them all.

# A session is cut off by ending its processes on the server. The program there goes on, unless it is to end as well.
arm() {
    docker exec --interactive "$vps" sh -c 'chmod 777 /usr/local/bin && cat > /usr/local/bin/cut-off && chmod 755 /usr/local/bin/cut-off' <<'SCRIPT'
#!/bin/sh
daemon=
for process in /proc/[0-9]*; do
    case "$(tr '\0' ' ' < "$process/cmdline")" in
        *"[listener]"*) ;;
        "sshd: "* | "sshd-session: "* | "sshd-auth: "*) kill -9 "${process#/proc/}" ;;
        *"/inertia-"*" far-end "*) [ "${1:-}" != all ] || kill -9 "${process#/proc/}" ;;
        "/inertia daemon "*) daemon=${process#/proc/} ;;
    esac
done 2>/dev/null
# A frozen daemon goes on when nobody waits for its answer any more.
[ -z "$daemon" ] || kill -CONT "$daemon"
SCRIPT
    docker exec --interactive "$vps" sh -c 'cat > /usr/local/bin/freeze && chmod 755 /usr/local/bin/freeze' <<'SCRIPT'
#!/bin/sh
# The daemon does not answer any more.
for process in /proc/[0-9]*; do
    case "$(tr '\0' ' ' < "$process/cmdline")" in "/inertia daemon "*) kill -STOP "${process#/proc/}" ;; esac
done 2>/dev/null
SCRIPT
}

# The server's next call of a command with such arguments cuts the connection, or does something else:
# at_command NAME ARGUMENTS [AFTER-SO-MANY-BYTES [WHAT]]
at_command() {
    docker exec --interactive "$vps" sh -c "cat > /usr/local/bin/$1 && chmod 755 /usr/local/bin/$1" <<SCRIPT
#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
case "\$*" in $2) ;; *) exec $1 "\$@" ;; esac
rm -f /usr/local/bin/$1
head -c ${3:-0} >/dev/null
/usr/local/bin/${4:-cut-off}
exec $1 "\$@"
SCRIPT
}

# The connection is cut as soon as something holds on the server: as_soon_as CONDITION [all]
as_soon_as() {
    docker exec --detach "$vps" sh -c "
        tries=0
        until $1; do tries=\$((tries + 1)); [ \$tries -lt 3000 ] || exit 1; sleep 0.02; done
        cut-off ${2:-}"
}

# Whether the command line of a process fits; the expression must not fit itself.
runs() { echo "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -q '$1'"; }

# The daemon is frozen between its installation and the first question, so that this is not over before it is seen.
while_proving() {
    at_command ufw status 0 freeze
    as_soon_as "$(runs 'far-en[d] connect')"
}

# The daemon is asked about a repository that does not answer.
while_registering() {
    docker pause "$name-git" >/dev/null
    {
        tries=0
        until grep -q 'Ask the daemon through SSH: 200' "$said" 2>/dev/null || [ $((tries += 1)) -gt 600 ]; do sleep 0.1; done
        sleep 1
        on_server cut-off
        docker unpause "$name-git" >/dev/null
    } &
    cutter=$!
}

# is_cut STEP HOW ARGUMENT…: init is cut off in that step, names it with the cause, and says what to do.
is_cut() {
    local step=$1
    said=$place/cut-$((cuts += 1)).err
    shift
    "$@"
    if product local init >/dev/null 2>"$said"; then
        echo "it was not cut off in: $step" >&2
        return 1
    fi
    printf '     %s\n' "$(grep -m 1 '^error: ' "$said")"
    grep -q "^error: .*$step.*: .*\(was lost\|broke\|cut off\)" "$said"
    grep -q '^ *help: run the command again' "$said"
}
cuts=0
cutter=

# In the order of the steps. The daemon's port is not open from here, so that proof and registration go through SSH too.
every_step_is_cut() {
    local home
    home=$(on_server "eval echo ~$user")
    arm
    is_cut "Connect to" as_soon_as "$(runs 'sshd[^/]*\[[ap]')"
    is_cut "Look at the server" at_command df '*'
    [ "$user" = root ] || is_cut "Check that it will do" at_command sudo "'-S -k '*"
    if [ "${DOCKER:-}" != there ]; then
        is_cut "Install Docker" as_soon_as "grep -qs 'half-installed\|unpacked' /var/lib/dpkg/status"
        is_cut "Start Docker" at_command systemctl "'enable --now docker'"
    fi
    is_cut "Send the program" at_command gzip -dc 1000000
    is_cut "Look at the daemon" as_soon_as "$(runs 'far-en[d] install')" all
    is_cut "Make the image" as_soon_as "[ -e $home/.inertia/bin/.image-context ]" all
    is_cut "Start the daemon" as_soon_as "[ -e $home/.inertia/inertia.db ]"
    is_cut "Ask the daemon at https" at_command ufw status
    is_cut "Ask the daemon through SSH" while_proving
    is_cut "Let the daemon look at the repository" while_registering
    wait
    cutter=
}
