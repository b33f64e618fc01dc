# shellcheck shell=bash disable=SC2154
# The picture service of one state folder: kept running by a process named mezz-pictures that works in DIR/run. Sourced
# after common.sh and workers.sh, whose binary it runs.

picture_socket() { echo "$sockets/pictures/socket"; }
picture_command() {
    local user=()
    ! is_root || user=(--reuid="$ingest_user" --regid="$worker_user" --clear-groups)
    printf '%s\n' /usr/bin/python3 "$scripts/lib/keep_worker.py" mezz-pictures \
        setpriv "${user[@]}" --pdeathsig TERM -- "$worker_binary" pictures --listen "unix:$(picture_socket)"
}
picture_keeper() { processes_in "$state/run" mezz-pictures | head -n 1; }

stop_pictures() {
    local pid
    for pid in $(processes_in "$state/run" mezz-pictures); do
        kill -TERM "$pid" 2> /dev/null || true
        wait_until 18 gone "$pid" && continue
        kill -KILL "$pid" 2> /dev/null || true
        wait_until 5 gone "$pid" || fail pictures "process $pid does not end" "end it with: kill -9 $pid"
    done
}

# ensure_pictures: of the current binary.
ensure_pictures() {
    local group=() pid words log=$state/logs/pictures.log
    # The group is handed on to the socket, whose rights let its group in.
    ! is_root || group=(-o "$ingest_user" -g "$worker_user")
    install -d -m 2750 "${group[@]}" "$sockets/pictures"
    pid=$(picture_keeper)
    if [[ -n $pid && -S $(picture_socket) && $(tr '\0' '\n' < "/proc/$pid/cmdline") == "$(picture_command)" ]]; then
        say pictures "run and are up to date"
        return
    fi
    stop_pictures
    mapfile -t words < <(picture_command)
    spawn "$log" "$state/run" "${words[@]}" > /dev/null
    wait_until 20 test -S "$(picture_socket)" ||
        fail pictures "the service does not listen: $(tail -n 1 "$log")" "see $log"
    say pictures "started"
}
