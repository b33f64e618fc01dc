# shellcheck shell=bash disable=SC2154
# The ingest workers of one state folder: each is kept running by a process named mezz-worker-N that works in DIR/run.
# Sourced after common.sh, postgres.sh and redis.sh.

worker_binary=
# install_worker BUILT: copied under a name made of its contents, so that a build never touches one that runs.
install_worker() {
    local hash owner=()
    ! is_root || owner=(-g "$worker_user")
    hash=$(sha256sum "$1") || fail worker "there is no $1"
    worker_binary=$state/bin/ingest_worker-${hash:0:12}
    install -d -m 0750 "${owner[@]}" "$state/bin"
    [[ -f $worker_binary && $(sha256sum "$worker_binary") == "${hash%% *} "* ]] && return
    flock "$(dirname "$1")/lock" install -m 0750 "${owner[@]}" "$1" "$worker_binary.new"
    mv -f "$worker_binary.new" "$worker_binary"
}

worker_command() {
    local user=()
    ! is_root || user=(--reuid="$ingest_user" --regid="$worker_user" --clear-groups)
    printf '%s\n' /usr/bin/python3 "$scripts/lib/keep_worker.py" "mezz-worker-$1" \
        setpriv "${user[@]}" --pdeathsig TERM -- \
        "$worker_binary" run --postgres "$(conninfo)" --redis "unix:$(redis_socket)" \
        --raw "$state/raw" --processed "$state/processed" --worker-id "$(worker_id "$1")"
}
worker_id() { echo "$HOSTNAME-$1"; }
# reports N: does worker N say that it is there? It takes that back when it ends.
reports() { [[ $(ask_redis exists "mezz:worker:$(worker_id "$1")") == 1 ]]; }

# keeper N: the pid of the process that keeps worker N running, or nothing.
keeper() { processes_in "$state/run" "mezz-worker-$1" | head -n 1; }
# keepers: the numbers of all workers that are kept running.
keepers() {
    local link
    for link in $(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$state/run" 2> /dev/null || true); do
        sed -n 's/^mezz-worker-\([0-9]*\)$/\1/p' "${link%cwd}comm" 2> /dev/null || true
    done | sort -nu
}

# Workers whose keeper was killed are told to end by the kernel; until they have, they are strays.
stray_ingest() {
    local link pid parent
    for link in $(find /proc/[0-9]*/exe -maxdepth 0 -lname "$state/bin/ingest_worker-*" 2> /dev/null || true); do
        pid=${link//[!0-9]/}
        parent=$(parent_of "$pid")
        [[ -n $parent ]] || continue
        [[ $(cat "/proc/$parent/comm" 2> /dev/null) == mezz-@(worker-*|pictures) ||
            $(readlink "/proc/$parent/exe") == "$state/bin/ingest_worker-"* ]] || echo "$pid"
    done
}
no_stray_ingest() { [[ -z $(stray_ingest) ]]; }

# stop_workers N…: all at once; each hands its job back.
stop_workers() {
    local number pids=() pid
    for number in "$@"; do
        mapfile -t -O "${#pids[@]}" pids < <(processes_in "$state/run" "mezz-worker-$number")
    done
    [[ ${#pids[@]} -eq 0 ]] || kill -TERM "${pids[@]}" 2> /dev/null || true
    for pid in "${pids[@]}"; do
        wait_until 18 gone "$pid" && continue
        kill -KILL "$pid" 2> /dev/null || true
        wait_until 5 gone "$pid" || fail worker "process $pid does not end" "end it with: kill -9 $pid"
    done
}

quit_stray_ingest() {
    no_stray_ingest && return
    say worker "what keeps them running is gone; told to end: $(stray_ingest | paste -sd ' ')"
    # shellcheck disable=SC2046
    kill -TERM $(stray_ingest) 2> /dev/null || true
    # shellcheck disable=SC2046
    wait_until 12 no_stray_ingest || kill -KILL $(stray_ingest) 2> /dev/null || true
    wait_until 5 no_stray_ingest || fail worker "processes $(stray_ingest | paste -sd ' ') do not end" "end them with kill -9"
}

# ensure_workers COUNT: that many, all of the current binary and settings.
ensure_workers() {
    local number pid words outdated=() started=() current=()
    for number in $(keepers); do
        pid=$(keeper "$number")
        if [[ $number -gt $1 ]] ||
            [[ -n $pid && $(tr '\0' '\n' < "/proc/$pid/cmdline" 2> /dev/null) != "$(worker_command "$number")" ]]; then
            outdated+=("$number")
        fi
    done
    if [[ ${#outdated[@]} -gt 0 ]]; then
        say worker "ending ${outdated[*]}: jobs are handed back"
        stop_workers "${outdated[@]}"
    fi
    quit_stray_ingest
    for ((number = 1; number <= $1; number++)); do
        if [[ -n $(keeper "$number") ]]; then
            current+=("$number")
            continue
        fi
        mapfile -t words < <(worker_command "$number")
        spawn "$state/logs/worker-$number.log" "$state/run" "${words[@]}" > /dev/null
        started+=("$number")
    done
    for number in "${started[@]}"; do
        wait_until 20 reports "$number" ||
            fail worker "worker $number does not report: $(tail -n 1 "$state/logs/worker-$number.log")" \
                "see $state/logs/worker-$number.log"
    done
    [[ ${#current[@]} -eq 0 ]] || say worker "${#current[@]} run and are up to date"
    [[ ${#started[@]} -eq 0 ]] || say worker "started ${#started[@]}"
    find "$state/bin" -type f ! -path "$worker_binary" -delete
}

# worker_of KEEPER: the pid of the worker itself; nothing between two attempts.
worker_of() { cut -d ' ' -f 1 "/proc/$1/task/$1/children" 2> /dev/null || true; }
