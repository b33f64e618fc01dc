# shellcheck shell=bash disable=SC2154
# The private PostgreSQL of one state folder: data in DIR/postgres, a Unix socket, no TCP. Sourced after common.sh.

postgres_data=
postgres_bin=
# The data's own version, so that a newer package beside it changes nothing; the newest one for new data.
find_postgres() {
    local version=
    postgres_data=$state/postgres
    if [[ -f $postgres_data/PG_VERSION ]]; then
        version=$(< "$postgres_data/PG_VERSION")
    else
        version=$(newest_postgres)
    fi
    postgres_bin=/usr/lib/postgresql/$version/bin
    [[ -n $version && -x $postgres_bin/postgres ]] ||
        fail postgres "$postgres_data is of PostgreSQL $version, which is not installed" \
            "install the package postgresql-$version; to move to a newer one, see conf/README.md"
}
newest_postgres() {
    local found
    found=$(find /usr/lib/postgresql/*/bin/initdb 2> /dev/null | cut -d / -f 5 | sort -V | tail -n 1)
    echo "$found"
}

conninfo() { echo "host=$sockets/postgres dbname=mezz user=mezz"; }

# postgres_master: the pid of the running server, or nothing. Its children work in the same folder.
postgres_master() {
    local pid=
    [[ -f $state/postgres/postmaster.pid ]] || return 0
    read -r pid < "$state/postgres/postmaster.pid" || true
    [[ -z $pid || $'\n'$(processes_in "$state/postgres" postgres)$'\n' != *$'\n'"$pid"$'\n'* ]] || echo "$pid"
}
no_postgres() { [[ -z $(processes_in "$state/postgres" postgres) ]]; }

# psql_as_owner [OPTION…]: as the server's own superuser.
psql_as_owner() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$sockets/postgres" -U postgres "$@"
}
postgres_answers() { [[ $(psql_as_owner -d postgres -c 'SELECT 1' 2> /dev/null) == 1 ]]; }

# Made aside and renamed: an interrupted initdb leaves nothing that looks like data.
make_cluster() {
    local owner=()
    ! is_root || owner=(-o "$postgres_user" -g "$postgres_user")
    rm -rf --one-file-system -- "$postgres_data.new"
    install -d -m 0700 "${owner[@]}" "$postgres_data.new"
    logged postgres "mend what initdb names, then run scripts/up again" init_cluster
    mv "$postgres_data.new" "$postgres_data"
    say postgres "made a database cluster in $postgres_data"
}
init_cluster() {
    (cd / && as "$postgres_user" "$postgres_bin/initdb" -D "$postgres_data.new" -U postgres --auth=peer \
        --data-checksums --encoding=UTF8 --locale=C.UTF-8 8>&-)
}

postgres_conf() {
    # Four for each of nginx's workers, twice that during a reload, and some for ingest workers and operators.
    local connections=$((40 + 8 * $(nproc)))
    [[ $connections -gt 100 ]] || connections=100
    cat << END
# Written by scripts/up, which writes it again. Settings of your own: ALTER SYSTEM SET …, as user postgres.
listen_addresses = ''
unix_socket_directories = '$sockets/postgres'
port = 5432
max_connections = $connections
shared_buffers = 128MB
dynamic_shared_memory_type = posix
fsync = on
max_wal_size = 1GB
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
timezone = 'UTC'
datestyle = 'iso, mdy'
default_text_search_config = 'pg_catalog.english'
END
}

# Nobody has a password: the kernel says which user is at the other end of the socket.
postgres_hba() {
    cat << END
# Written by scripts/up. TYPE DATABASE USER METHOD
local mezz mezz     peer map=mezz
local all  postgres peer map=owner
END
}

postgres_ident() {
    local user owners=(root "$(id -un)") clients=()
    ! is_root || owners=(root "$postgres_user") clients=("$worker_user" "$ingest_user")
    echo "# Written by scripts/up. MAP SYSTEM-USER DATABASE-USER"
    for user in "${owners[@]}"; do echo "owner $user postgres"; done
    for user in "${owners[@]}" "${clients[@]}"; do echo "mezz $user mezz"; done
}

# configure_postgres: prints what changed.
configure_postgres() {
    local file made
    for file in conf hba ident; do
        case $file in conf) made=postgresql.conf ;; *) made=pg_$file.conf ;; esac
        "postgres_$file" > "$postgres_data/.mezz.new"
        if cmp -s "$postgres_data/.mezz.new" "$postgres_data/$made"; then
            rm "$postgres_data/.mezz.new"
        else
            ! is_root || chown "$postgres_user:$postgres_user" "$postgres_data/.mezz.new"
            chmod 600 "$postgres_data/.mezz.new"
            mv -f "$postgres_data/.mezz.new" "$postgres_data/$made"
            echo "$made"
        fi
    done
}

# With its server gone for sure, a pid file names nobody, or somebody else's process.
clear_stale_postgres() {
    if ! no_postgres; then
        say postgres "its server is gone; waiting for the processes it left behind"
        # shellcheck disable=SC2046
        wait_until 10 no_postgres || kill -QUIT $(processes_in "$state/postgres" postgres) 2> /dev/null || true
        wait_until 10 no_postgres || fail postgres "processes of $state/postgres do not end" "end them with kill -9"
    fi
    rm -f "$state/postgres/postmaster.pid" "$sockets/postgres/.s.PGSQL.5432" "$sockets/postgres/.s.PGSQL.5432.lock"
}

start_postgres() {
    # Recovery after a crash may take a while.
    (cd / && as "$postgres_user" "$postgres_bin/pg_ctl" -D "$postgres_data" -s -w -t 300 start \
        >> "$state/logs/postgres.log" 2>&1 < /dev/null 8>&-) ||
        fail postgres "it does not start: $(grep -E 'FATAL|PANIC|ERROR' "$state/logs/postgres.log" | tail -n 1)" \
            "see $state/logs/postgres.log"
}

# stop_postgres: fast, that is: transactions are rolled back, clients disconnected.
stop_postgres() {
    local pid
    pid=$(postgres_master)
    if [[ -n $pid ]]; then
        kill -INT "$pid" 2> /dev/null || true
        if ! wait_until 12 gone "$pid"; then
            say postgres "still stopping after 12 s; ending it now (it will recover when it starts)"
            kill -QUIT "$pid" 2> /dev/null || true
            wait_until 6 gone "$pid" || fail postgres "process $pid does not end" "end it with: kill -9 $pid"
        fi
    fi
    clear_stale_postgres
}

ensure_postgres() {
    local changed pid group=()
    find_postgres
    ! is_root || group=(-o "$postgres_user" -g "$worker_user")
    install -d -m 2750 "${group[@]}" "$sockets/postgres"
    [[ -f $postgres_data/PG_VERSION ]] || make_cluster
    changed=$(configure_postgres | paste -sd ' ')
    pid=$(postgres_master)
    if [[ -n $pid && -n $changed ]]; then
        stop_postgres
        start_postgres
        say postgres "restarted with a new $changed (process $(postgres_master))"
    elif [[ -z $pid ]]; then
        clear_stale_postgres
        start_postgres
        say postgres "started (process $(postgres_master))"
    elif [[ -S $sockets/postgres/.s.PGSQL.5432 ]] && wait_until 10 postgres_answers; then
        say postgres "runs (process $pid)"
    else
        # Its socket may have been removed under it.
        stop_postgres
        start_postgres
        say postgres "did not answer and was restarted (process $(postgres_master))"
    fi
    logged postgres "see $state/logs/postgres.log" make_database
}

make_database() {
    [[ $(psql_as_owner -d postgres -c "SELECT 1 FROM pg_roles WHERE rolname = 'mezz'") == 1 ]] ||
        psql_as_owner -d postgres -c 'CREATE ROLE mezz LOGIN' || return 1
    [[ $(psql_as_owner -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'mezz'") == 1 ]] ||
        psql_as_owner -d postgres -c 'CREATE DATABASE mezz OWNER mezz'
}
