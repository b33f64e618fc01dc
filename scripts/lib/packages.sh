# shellcheck shell=bash disable=SC2154
# Installs the Debian packages that scripts/up needs. Sourced after common.sh.

packages=(nginx nginx-dev g++ make libssl-dev libpcre2-dev zlib1g-dev nlohmann-json3-dev libhiredis-dev libpq-dev
    libluajit-5.1-dev python3 iproute2)

policy=/usr/sbin/policy-rc.d
policy_saved=/usr/sbin/policy-rc.d.before-mezz

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        # shellcheck disable=SC2016
        [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2> /dev/null) == ?i* ]] || echo "$package"
    done
}

# Debian starts nginx on port 80 when it installs it; a policy of "not nginx" forbids that while apt-get runs.
forbid_nginx_service() {
    [[ -e $policy_saved || ! -e $policy ]] || mv "$policy" "$policy_saved"
    cat > "$policy.new" << END
#!/bin/sh
case \$1 in nginx*) exit 101 ;; esac
if [ -x $policy_saved ]; then exec $policy_saved "\$@"; fi
exit 0
END
    chmod 755 "$policy.new"
    mv "$policy.new" "$policy"
    # A failure and a signal, too, must take the guard away again.
    trap allow_nginx_service EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

allow_nginx_service() {
    rm -f "$policy"
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
    local missing had_nginx=yes
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
    [[ " ${missing[*]} " != *" nginx "* ]] || had_nginx=no
    forbid_nginx_service
    logged packages "is the package mirror reachable? try: apt-get update" run_apt "${missing[@]}" 7>&-
    allow_nginx_service
    exec 7>&-
    # Installed for us, so it need not take port 80 at the next boot either.
    if [[ $had_nginx == no && -d /run/systemd/system ]]; then
        systemctl --quiet disable nginx.service || say packages "could not disable Debian's own nginx.service"
    fi
}
