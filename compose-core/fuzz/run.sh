#!/usr/bin/env bash
# Runs fuzz targets one after the other, or several at a time, each for some seconds.
#
#   run.sh [SECONDS [JOBS [TARGET…]]]
#
# Needs clang; cargo-fuzz is installed where it is missing. New inputs are kept in target/corpus;
# `run.sh --minimise` brings the smallest set with the same coverage into corpus/.
set -euo pipefail
cd "$(dirname "$0")"
# The instrumentation is a compiler flag that a stable compiler hides. Nothing here is unsafe code, so
# that a sanitizer would watch only dependencies, at half the speed.
export RUSTC_BOOTSTRAP=1
options=(--fuzz-dir . --sanitizer none)
limits=(-rss_limit_mb=1024 -timeout=10 -max_len=4096 -print_final_stats=1)
all=(yaml template dotenv short_forms load dockerignore)

command -v clang >/dev/null || { echo "clang is missing: apt-get install clang" >&2; exit 1; }
cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz

fuzz() { # TARGET SECONDS
    mkdir -p "target/corpus/$1" "corpus/$1" target/logs
    if nice -n 19 cargo fuzz run "${options[@]}" "$1" "target/corpus/$1" "corpus/$1" -- \
        "${limits[@]}" -max_total_time="$2" >"target/logs/$1" 2>&1; then
        echo "$1: no finding in $2 s, $(grep -o 'number_of_executed_units: *[0-9]*' "target/logs/$1" | grep -o '[0-9]*$') runs"
    else
        echo "$1: FOUND SOMETHING, see compose-core/fuzz/target/logs/$1"
        return 1
    fi
}

minimise() { # TARGET: libFuzzer merges by coverage, smallest inputs first
    local smallest
    mkdir -p "target/corpus/$1" "corpus/$1"
    smallest=$(mktemp -d target/minimised.XXXXXX)
    cargo fuzz run "${options[@]}" "$1" -- -merge=1 -use_counters=0 -max_len=300 "$smallest" "corpus/$1" "target/corpus/$1" >/dev/null 2>&1
    rm -rf "corpus/$1"
    mv "$smallest" "corpus/$1"
    chmod 755 "corpus/$1"
}

if [ "${1:-}" = --minimise ]; then
    shift
    targets=("${@:-${all[@]}}")
    for target in "${targets[@]}"; do minimise "$target"; done
    du -sh --apparent-size corpus
    exit
fi
seconds=${1:-60} jobs=${2:-1}
shift $(($# < 2 ? $# : 2))
targets=("${@:-${all[@]}}")
cargo fuzz build "${options[@]}"
export -f fuzz
failed=0
for ((first = 0; first < ${#targets[@]}; first += jobs)); do
    running=()
    for target in "${targets[@]:first:jobs}"; do
        fuzz "$target" "$seconds" &
        running+=($!)
    done
    for each in "${running[@]}"; do wait "$each" || failed=1; done
done
exit "$failed"
