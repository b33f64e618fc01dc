# shellcheck shell=bash disable=SC2154
# The folders of a state folder, who may do what in them, the operator's rules and the web page. Sourced after common.sh.

# The worker's user reads what nginx's workers write and the other way round, by their common group.
make_ingest_user() {
    is_root || return 0
    ! id "$ingest_user" > /dev/null 2>&1 || return 0
    logged user "make a system user $ingest_user with the group $worker_user" useradd --system --gid "$worker_user" \
        --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$ingest_user"
    say user "made $ingest_user, whom ingest workers run as"
}

# folder MODE OWNER PATH: with the group that nginx and the ingest workers share.
folder() {
    local owner=()
    ! is_root || owner=(-o "$2" -g "$worker_user")
    install -d -m "$1" "${owner[@]}" "$state/$3"
}

# Others may pass through, for PostgreSQL and Redis run as users of their own, but not look around; each folder below
# lets in only those who need it.
prepare_folders() {
    folder 0751 root .
    [[ -e $state/.mezz-state ]] ||
        echo "A state folder of Mezz: scripts/down --purge removes it." > "$state/.mezz-state"
    install -d -m 0700 "$state/keys"
    install -d -m 0751 "$state/conf" "$state/run"
    install -d -m 0750 "$state/modules"
    folder 0750 root logs
    folder 0750 root tmp
    folder 2750 root files
    folder 2750 root lua
    # The ingest workers remove the sources of titles that were taken down.
    folder 2770 "$worker_user" raw
    folder 2770 "$worker_user" raw/.incoming
    folder 2750 "$ingest_user" processed
}

# check_passage: can each user get where it must?
check_passage() {
    local user
    is_root || return 0
    for user in "$worker_user" "$ingest_user" "$postgres_user" "$redis_user"; do
        as "$user" test -x "$state" ||
            fail state "the user $user cannot enter $state" \
                "let others pass through the folders above it (chmod o+x), or name another folder with --state"
    done
}

# install_rules: the shipped rules, as dpkg keeps its configuration files: what the operator changed stays as it is,
# and a newer one is put beside it.
install_rules() {
    local source name target sum shipped=$state/lua/.shipped
    [[ -d $repository/lua/mezz ]] || return 0
    touch "$shipped"
    for source in "$repository"/lua/mezz/*.lua; do
        [[ -f $source ]] || continue
        name=$(basename "$source")
        target=$state/lua/$name
        sum=$(sha256sum < "$source" | cut -d ' ' -f 1)
        if [[ ! -e $target ]]; then
            install_rule "$source" "$target"
        elif cmp -s "$source" "$target"; then
            rm -f "$target.new"
        elif grep -qxF "$(sha256sum < "$target" | cut -d ' ' -f 1) $name" "$shipped"; then
            install_rule "$source" "$target"
            say rules "$name is newer now"
        elif ! grep -qxF "$sum $name" "$shipped"; then
            install_rule "$source" "$target.new"
            say rules "$name was changed here and stays as it is; the new one is $target.new"
        fi
        grep -qxF "$sum $name" "$shipped" || echo "$sum $name" >> "$shipped"
    done
}
install_rule() {
    local owner=()
    ! is_root || owner=(-g "$worker_user")
    install -m 0640 "${owner[@]}" "$1" "$2.part"
    mv -f "$2.part" "$2"
}

# offer_demo: on an instance that only this machine reaches, the page offers a session to whoever opens it.
offer_demo() {
    folder 2750 root demo
    rm -f "$state/demo/demo-token.json"
    [[ $listen == 127.* || $listen == ::1 ]] || return 0
    local token
    token=$("$scripts/token" --state "$state" --scope upload,view --sub demo --ttl 7d) || return 0
    printf '{"token": "%s", "expires_at": "%s"}\n' "$token" "$(date -u -d '+7 days' +%Y-%m-%dT%H:%M:%SZ)" |
        write_file "$state/demo/demo-token.json"
    ! is_root || chgrp "$worker_user" "$state/demo/demo-token.json"
    chmod 0640 "$state/demo/demo-token.json"
}

# install_page: conf/html, if it is there, becomes html/ of the state folder. Without it videos play all the same, so a
# failure (npm may be out of reach) only leaves the page as it was.
install_page() {
    local log=$state/logs/page.log
    folder 2750 root html
    [[ -d $repository/conf/html ]] || return 0
    rm -rf --one-file-system -- "$state/html.new"
    folder 2750 root html.new
    if ! "$scripts/lib/page.py" "$repository/conf/html" "$page_cache" "$state/html.new" > "$log" 2>&1; then
        say page "NOT INSTALLED: $(tail -n 1 "$log") (see $log, then run scripts/up again)"
        rm -rf --one-file-system -- "$state/html.new"
        return
    fi
    ! is_root || chgrp -R "$worker_user" "$state/html.new"
    chmod -R u=rwX,g=rX,o= "$state/html.new"
    if diff -rq "$state/html" "$state/html.new" > /dev/null; then
        rm -rf --one-file-system -- "$state/html.new"
        return
    fi
    rm -rf --one-file-system -- "$state/html.old"
    mv "$state/html" "$state/html.old"
    mv "$state/html.new" "$state/html"
    rm -rf --one-file-system -- "$state/html.old"
    say page "installed in $state/html"
}
