# shellcheck shell=bash disable=SC2154
# The private Redis of one state folder: data in DIR/redis, a Unix socket, no TCP. Sourced after common.sh.

redis_socket() { echo "$sockets/redis/redis.sock"; }

redis_conf() {
    cat << END
# Written by scripts/up, which writes it again.
port 0
unixsocket $(redis_socket)
unixsocketperm 770
pidfile $sockets/redis/redis.pid
dir $state/redis
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
END
}

# redis_master: the pid of the running server, or nothing; not a child of it that rewrites its file.
redis_master() {
    local pid all
    all=" $(processes_in "$state/redis" redis-server | paste -sd ' ') "
    for pid in $all; do
        [[ $all == *" $(parent_of "$pid") "* ]] || { echo "$pid"; return; }
    done
}

ask_redis() { timeout 10 redis-cli -s "$(redis_socket)" "$@" 2> /dev/null; }
redis_answers() { [[ $(ask_redis ping) == PONG ]]; }
redis_answers_or_ended() { redis_answers || gone "$1"; }

start_redis() {
    local pid run=(redis-server "$state/conf/redis.conf")
    if is_root; then
        run=(setpriv --reuid="$redis_user" --regid="$redis_user" --clear-groups -- "${run[@]}")
    fi
    pid=$(spawn "$state/logs/redis.log" "$state" "${run[@]}")
    # A long journal is read before it answers.
    wait_until 300 redis_answers_or_ended "$pid" || true
    redis_answers && return
    fail redis "it does not start: $(tail -n 1 "$state/logs/redis.log")" \
        "see $state/logs/redis.log; nothing in $state/redis is the only copy of anything, so it may be moved away"
}

stop_redis() {
    local pid
    pid=$(redis_master)
    [[ -n $pid ]] || return 0
    # Writes its file, then ends; the answer is a closed connection.
    if redis_answers; then
        ask_redis shutdown save > /dev/null || true
        wait_until 5 gone "$pid" && return
    fi
    kill -TERM "$pid" 2> /dev/null || true
    wait_until 5 gone "$pid" && return
    say redis "does not end by itself; ending it now"
    kill -KILL "$pid" 2> /dev/null || true
    wait_until 5 gone "$pid" || fail redis "process $pid does not end" "end it with: kill -9 $pid"
}

ensure_redis() {
    local owner=() group=() changed=no pid
    if is_root; then
        owner=(-o "$redis_user" -g "$redis_user")
        # The group is handed on to the socket, whose rights let its group in.
        group=(-o "$redis_user" -g "$worker_user")
    fi
    install -d -m 0700 "${owner[@]}" "$state/redis"
    install -d -m 2750 "${group[@]}" "$sockets/redis"
    if ! cmp -s <(redis_conf) "$state/conf/redis.conf"; then
        changed=yes
        redis_conf | write_file "$state/conf/redis.conf"
        chmod 644 "$state/conf/redis.conf"
    fi
    pid=$(redis_master)
    if [[ -n $pid && $changed == no && -S $(redis_socket) ]] && wait_until 10 redis_answers; then
        say redis "runs (process $pid)"
        return
    fi
    stop_redis
    rm -f "$(redis_socket)"
    start_redis
    say redis "started (process $(redis_master))"
}
