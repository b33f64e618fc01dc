# shellcheck shell=bash disable=SC2154
# Installs the Debian packages that scripts/up needs. Sourced after common.sh.

packages=(nginx nginx-dev g++ make libssl-dev libpcre2-dev zlib1g-dev nlohmann-json3-dev python3 iproute2
    libhiredis-dev libpq-dev libluajit-5.1-dev
    cmake ninja-build pkg-config libcli11-dev libseccomp-dev libspdlog-dev
    libavformat-dev libavcodec-dev libavfilter-dev libavutil-dev libswscale-dev libswresample-dev libjpeg-dev
    redis-server python3-psycopg2 python3-redis)
# Any version of it will do.
compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || packages+=(postgresql)
command -v psql > /dev/null || packages+=(postgresql-client)

page_cache=${MEZZ_BUILD_DIR:-$repository/.build}/page
node_is_new_enough() {
    command -v npm > /dev/null && [[ $(node --version 2> /dev/null) =~ ^v([0-9]+) && ${BASH_REMATCH[1]} -ge 18 ]]
}
# The web page's libraries come by npm, once.
[[ ! -f $repository/conf/html/package.json ]] || node_is_new_enough ||
    [[ -f $page_cache/$(sha256sum < "$repository/conf/html/package-lock.json" | cut -c 1-12)/complete ]] ||
    packages+=(nodejs npm)

policy=/usr/sbin/policy-rc.d
policy_saved=/usr/sbin/policy-rc.d.before-mezz

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        # shellcheck disable=SC2016
        [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2> /dev/null) == ?i* ]] || echo "$package"
    done
}

# Debian starts nginx on port 80, Redis and PostgreSQL when it installs them, and makes a database cluster "main". A
# policy of "not these" forbids the former while apt-get runs, a setting of PostgreSQL's packages the latter.
clusters=/etc/postgresql-common/createcluster.d/mezz.conf
forbid_services() {
    [[ -e $policy_saved || ! -e $policy ]] || mv "$policy" "$policy_saved"
    cat > "$policy.new" << END
#!/bin/sh
case \$1 in nginx* | postgresql* | redis*) exit 101 ;; esac
if [ -x $policy_saved ]; then exec $policy_saved "\$@"; fi
exit 0
END
    chmod 755 "$policy.new"
    mv "$policy.new" "$policy"
    mkdir -p "$(dirname "$clusters")"
    echo "create_main_cluster = false" > "$clusters"
    # A failure and a signal, too, must take the guard away again.
    trap allow_services EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

allow_services() {
    rm -f "$policy" "$clusters"
    [[ ! -e $policy_saved ]] || mv "$policy_saved" "$policy"
    trap - EXIT INT TERM HUP
}

run_apt() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=120 update &&
        apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@"
}

install_packages() {
    command -v dpkg-query > /dev/null ||
        fail packages "this is not Debian: there is no dpkg-query" \
            "Mezz is built for Debian 12; elsewhere see CONTRIBUTING.md"
    local missing unit
    mapfile -t missing < <(missing_packages)
    if [[ ${#missing[@]} -eq 0 ]]; then
        say packages "all there"
        return
    fi
    is_root || fail packages "not installed: ${missing[*]}" "run it as root (sudo scripts/$verb …), or install them"
    # The guard below is one for the whole machine.
    exec 7> /run/lock/mezz-packages
    flock 7
    say packages "installing ${missing[*]}"
    local before
    before=" $(installed_services) "
    forbid_services
    logged packages "is the package mirror reachable? try: apt-get update" run_apt "${missing[@]}" 7>&-
    allow_services
    exec 7>&-
    # Installed for us, they need not take ports at the next boot either.
    command -v systemctl > /dev/null || return 0
    for unit in $(installed_services); do
        [[ $before == *" $unit "* ]] || systemctl --quiet disable "$unit" 2> /dev/null ||
            say packages "could not disable Debian's own $unit"
    done
}

# installed_services: those of Debian's units that are there.
installed_services() {
    local unit found=
    for unit in nginx.service postgresql.service redis-server.service; do
        [[ ! -e /lib/systemd/system/$unit ]] || found+=" $unit"
    done
    echo "$found"
}
