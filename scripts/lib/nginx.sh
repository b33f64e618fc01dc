# shellcheck shell=bash disable=SC2154
# The nginx of one state folder: which processes are its own, start, reload, upgrade, stop, health. Sourced after
# common.sh; every function works on $state, $conf, $listen and $port.

# By its whole path: an upgrade runs the same again.
nginx_run() {
    "$(PATH=$PATH:/usr/sbin command -v nginx)" -p "$state/" -c "$conf" -e "$state/logs/error.log" "$@" 8>&-
}

# is_master PID: is that process a master of this very folder? Pid files outlive processes, and numbers are reused.
is_master() {
    local title
    [[ $1 =~ ^[1-9][0-9]*$ && -r /proc/$1/cmdline ]] || return 1
    { title=$(tr '\0' ' ' < "/proc/$1/cmdline"); } 2> /dev/null || return 1
    [[ $title == "nginx: master process "*" -c $conf "* ]]
}

# master [SUFFIX]: prints the running master's pid, or nothing.
master() {
    local pid=
    [[ ! -f $state/run/nginx.pid${1:-} ]] || read -r pid < "$state/run/nginx.pid${1:-}" || true
    ! is_master "$pid" || echo "$pid"
}

no_master() { [[ -z $(master) ]]; }
not_running() { ! is_master "$1"; }

# workers_of PID: the workers of a master.
workers_of() { cat "/proc/$1/task/$1/children" 2> /dev/null || true; }

# Workers whose master was killed go on serving its port. They are ours if they write to our logs.
stray_workers() {
    local entry parent
    for entry in /proc/[0-9]*; do
        [[ $(cat "$entry/comm" 2> /dev/null) == nginx ]] || continue
        [[ $(tr '\0' ' ' 2> /dev/null < "$entry/cmdline") == "nginx: worker process"* ]] || continue
        parent=$(sed -n 's/^PPid:\s*//p' "$entry/status" 2> /dev/null) || continue
        ! is_master "$parent" || continue
        [[ -z $(find "$entry/fd" -lname "$state/logs/*" -print -quit 2> /dev/null) ]] || basename "$entry"
    done
}

no_strays() { [[ -z $(stray_workers) ]]; }

# quit_strays: lets workers without a master finish their answers; their port is free at once.
quit_strays() {
    local strays
    mapfile -t strays < <(stray_workers)
    [[ ${#strays[@]} -gt 0 ]] || return 0
    say nginx "its master is gone; workers left behind are told to quit: ${strays[*]}"
    kill -QUIT "${strays[@]}" 2> /dev/null || true
    wait_until 5 no_strays || kill -TERM "${strays[@]}" 2> /dev/null || true
    wait_until 5 no_strays || fail nginx "processes ${strays[*]} do not end" "end them with kill -9"
}

# stop_master PID SECONDS: graceful; after SECONDS at once. The workers of a master that is killed are strays.
stop_master() {
    is_master "$1" || return 0
    kill -QUIT "$1" 2> /dev/null || true
    wait_until "$2" not_running "$1" && return
    say nginx "still answering after $2 s; ending it now"
    kill -TERM "$1" 2> /dev/null || true
    wait_until 10 not_running "$1" || fail nginx "process $1 does not end" "end it with: kill -9 $1"
}

# Ends everything of this folder, an old master that scripts/up replaced included.
stop_nginx() {
    local pid seconds=$1
    for pid in $(master .oldbin) $(master); do stop_master "$pid" "$seconds"; done
    quit_strays
    rm -f "$state/run/nginx.pid" "$state/run/nginx.pid.oldbin" "$state/run/loaded"
}

start_nginx() {
    logged nginx "mend what the log names, then run scripts/up again" nginx_run
    wait_until 5 has_master ||
        fail nginx "it ended at once: $(tail -n 1 "$state/logs/error.log")" "see $state/logs/error.log"
}
has_master() { [[ -n $(master) ]]; }

# has_other_workers PID WORKERS: has the master a worker that is not among those?
has_other_workers() {
    local pid
    for pid in $(workers_of "$1"); do [[ $2 == *" $pid "* ]] || return 0; done
    return 1
}

# reload_nginx PID: returns once a worker with the new configuration runs.
reload_nginx() {
    local before written
    before=" $(workers_of "$1" | tr -s '[:space:]' ' ') "
    written=$(stat -c %s "$state/logs/error.log")
    kill -HUP "$1"
    wait_until 10 has_other_workers "$1" "$before" && return
    tail -c "+$((written + 1))" "$state/logs/error.log" | grep -F '[emerg]' | sed 's/^/    /' >&2 || true
    fail nginx "it goes on with its old configuration" "see $state/logs/error.log"
}

has_other_master() { [[ -n $(master) && $(master) != "$1" ]]; }

# upgrade_nginx PID: a new master with the new module takes the sockets over, then the old one finishes its answers.
upgrade_nginx() {
    kill -USR2 "$1"
    wait_until 5 has_other_master "$1" || return 1
    kill -QUIT "$1"
}

# healthy: does it really answer?
healthy() {
    local reply
    # shellcheck disable=SC2016
    reply=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "GET /healthz HTTP/1.0\r\n\r\n" >&3 && cat <&3' \
        "$(local_address)" "$port" 2> /dev/null) && [[ $reply == "HTTP/1.1 200 "*ok* ]]
}

# port_user: who listens on the port, as ss shows it.
port_user() {
    local users
    users=$(ss -Hltnp "sport = :$port" | sed -n 's/.*users:((\(.*\)))$/\1/p' | sort -u |
        sed 's/"\([^"]*\)",pid=\([0-9]*\),fd=[0-9]*/\1 (process \2)/g; s/),(/, /g' | paste -sd ' ')
    echo "${users:-another program (root sees which: ss -ltnp)}"
}
