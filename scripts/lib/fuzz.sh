# shellcheck shell=bash disable=SC2154
# What scripts/test and scripts/fuzz share: the fuzz targets of t/fuzz, built by clang with AddressSanitizer and
# UndefinedBehaviorSanitizer. Sourced, never run; `repository` is set.

fuzz_build=$repository/.build/fuzz
fuzz_packages=(clang-19 libclang-rt-19-dev)

# build_fuzz_targets NAME…: those named, such as mp4 for t/fuzz/fuzz_mp4.cpp.
build_fuzz_targets() {
    cmake -S "$repository/t" -B "$fuzz_build" -DMEZZ_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++-19 \
        -DCMAKE_C_COMPILER=clang-19 -DCMAKE_BUILD_TYPE=Release || return 1
    cmake --build "$fuzz_build" -j 2 --target "${@/#/fuzz_}"
}

# fuzz_names: of all targets, one a line.
fuzz_names() {
    local source
    for source in "$repository"/t/fuzz/fuzz_*.cpp; do
        source=${source##*/fuzz_}
        echo "${source%.cpp}"
    done
}

# fuzz_one NAME SECONDS LOGS: runs a target from the corpus of the repository and what earlier runs found. Its output
# goes to LOGS/fuzz_NAME.log, inputs that it fails on to LOGS/crashes.
fuzz_one() {
    local name=fuzz_$1 seconds=$2 logs=$3
    local work=$repository/.build/fuzz-corpus/$name seeds=$repository/t/fuzz/corpus/$1
    [[ -d $seeds ]] || seeds=$repository/t/fuzz/corpus/$name
    mkdir -p "$work" "$logs/crashes"
    local folders=("$work")
    [[ ! -d $seeds ]] || folders+=("$seeds")
    "$fuzz_build/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$logs/crashes/$name-" "${folders[@]}" > "$logs/$name.log" 2>&1
    local code=$?
    grep -E '^stat::number_of_executed_units|^SUMMARY|ERROR' "$logs/$name.log" | sed "s/^/$name: /"
    [[ $code -eq 0 ]] || tail -n 40 "$logs/$name.log"
    return "$code"
}

# fuzz_all SECONDS LOGS NAME…: two at a time; false if one found something.
fuzz_all() {
    local seconds=$1 logs=$2 failed=0 running=() name
    shift 2
    for name in "$@"; do
        fuzz_one "$name" "$seconds" "$logs" &
        running+=($!)
        if [[ ${#running[@]} -eq 2 ]]; then
            wait "${running[0]}" || failed=1
            running=("${running[1]}")
        fi
    done
    for name in "${running[@]}"; do wait "$name" || failed=1; done
    return "$failed"
}
