# Sourced by the scripts beside it. A step that fails ends the script, wherever in it: so it is not called as a
# condition, where bash would go on after a failing command.

current=""

# A step with its time: step WHAT COMMAND…
step() {
    local begun=${EPOCHREALTIME/[.,]/}
    current=$1; shift
    "$@"
    local tenths=$(( (${EPOCHREALTIME/[.,]/} - begun) / 100000 ))
    printf 'ok   %3d.%d s  %s\n' $((tenths / 10)) $((tenths % 10)) "$current"
    current=""
}

# For the script's end: which step failed.
tell_failed() {
    [ -z "$current" ] || echo "FAIL $current" >&2
}
