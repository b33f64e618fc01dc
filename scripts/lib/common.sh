# shellcheck shell=bash disable=SC2034
# What scripts/up, down, status and publish share: messages, the state folder, its settings and its lock. Sourced, never
# run. After use_state the names below are set; `listen`, `port` and `sockets` come with load_settings.

set -euo pipefail
umask 022
# What libpq would read from the caller's environment is meant for other databases.
unset "${!PG@}"

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repository=$(dirname "$scripts")
verb=$(basename "$0")
default_state=/var/lib/mezz
state=
conf=
listen=
port=
sockets=
# The distribution's own user for nginx; its group is the ingest user's too, so that they read each other's files.
worker_user=www-data
ingest_user=mezz
postgres_user=postgres
redis_user=redis

# say WHAT TEXT: one line of progress. stdout is for the lines that other programs read.
say() { printf '%-9s %s\n' "$1" "$2" >&2; }

# fail STEP REASON [WHAT TO DO]
fail() {
    printf '%s: %s failed: %s\n' "$verb" "$1" "$2" >&2
    [[ -z ${3:-} ]] || printf '%s: %s\n' "$verb" "$3" >&2
    exit 1
}

usage_error() {
    printf '%s: %s (scripts/%s --help)\n' "$verb" "$1" "$verb" >&2
    exit 2
}

is_root() { [[ $EUID -eq 0 ]]; }

# as USER COMMAND…: as that user if we are root, who may become anybody; else as ourselves.
as() {
    local user=$1 group
    shift
    if is_root; then
        group=$(id -g "$user")
        setpriv --reuid="$user" --regid="$group" --clear-groups -- "$@"
    else
        "$@"
    fi
}

# processes_in FOLDER NAME: the processes of that name that work in that folder. They say so themselves, unlike pid
# files, which outlive them.
processes_in() {
    local link pid
    for link in $(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1" 2> /dev/null || true); do
        pid=${link//[!0-9]/}
        [[ $(cat "/proc/$pid/comm" 2> /dev/null) != "$2" ]] || echo "$pid"
    done
}

parent_of() { sed -n 's/^PPid:\s*//p' "/proc/$1/status" 2> /dev/null || true; }
# gone PID: has it ended? One that nobody has waited for yet has, too.
gone() { [[ ! -e /proc/$1 || $(sed -n 's/^State:\s*//p' "/proc/$1/status" 2> /dev/null) == Z* ]]; }

# spawn LOG FOLDER COMMAND…: starts a program that stays, in a session of its own; prints its pid.
spawn() {
    local log=$1 folder=$2
    shift 2
    (cd "$folder" && exec setsid "$@" >> "$log" 2>&1 < /dev/null 8>&-) &
    echo $!
}

# logged STEP WHAT-TO-DO COMMAND…: runs quietly; a failure shows the end of what the command printed.
logged() {
    local step=$1 advice=$2 log
    shift 2
    log=$(mktemp --tmpdir "mezz-$step-XXXXXX.log")
    if "$@" > "$log" 2>&1; then
        rm -f "$log"
        return
    fi
    tail -n 15 "$log" | sed 's/^/    /' >&2
    fail "$step" "see the lines above (all of them: $log)" "$advice"
}

# wait_until SECONDS COMMAND…: true once the command is; false if it never was.
wait_until() {
    local tenths=$(($1 * 10))
    shift
    until "$@"; do
        ((tenths-- > 0)) || return 1
        sleep 0.1
    done
}

# use_state DIR: the state folder to work on. nginx.conf holds its path, hence the limits on the characters.
use_state() {
    [[ -n $1 ]] || usage_error "--state needs a folder"
    state=$(realpath -ms -- "$1")
    [[ ! -L $state ]] ||
        fail state "$state is a symbolic link" "name the folder itself: --state $(realpath -m -- "$state")"
    state=$(realpath -m -- "$state")
    [[ $state != / ]] || fail state "the root folder cannot be a state folder"
    if [[ $state == *[[:space:][:cntrl:]\"\'\\\$\;\{\}\#\*\?\[\]]* ]]; then
        fail state "its path has a character that nginx.conf cannot hold (spaces, quotes, \$ ; { } # * ? [ ] \\)" \
            "choose another folder with --state"
    fi
    [[ ! -d $state || (-r $state && -x $state) ]] ||
        fail state "$(id -un) cannot read $state" "run scripts/$verb as $(stat -c %U "$state") (sudo)"
    conf=$state/conf/nginx.conf
}

# A file in a state folder says that it is one, so that --purge never removes anything else.
is_state() { [[ -d $state && ! -L $state && -f $state/.mezz-state && ! -L $state/.mezz-state ]]; }

# setting NAME: what the last scripts/up used; nothing if there was none.
setting() { [[ ! -f $state/settings ]] || sed -n "s/^$1=//p" "$state/settings"; }

# remember NAME VALUE: for the next scripts/up.
remember() {
    {
        [[ ! -f $state/settings ]] || grep -v "^$1=" "$state/settings" || true
        echo "$1=$2"
    } | write_file "$state/settings"
}

load_settings() {
    listen=${listen:-$(setting listen)}
    port=${port:-$(setting port)}
    listen=${listen:-127.0.0.1}
    port=${port:-8080}
    sockets=$(setting sockets)
    sockets=${sockets:-$state/run}
}

# choose_sockets: where the sockets of PostgreSQL and Redis are. A socket's path has at most 107 bytes; what is too long
# below DIR/run is in a short folder instead.
choose_sockets() {
    local LC_ALL=C longest=$state/run/postgres/.s.PGSQL.5432
    if [[ ${#longest} -le 107 ]]; then
        sockets=$state/run
    elif is_root; then
        sockets=/run/mezz-$(sha256sum <<< "$state" | cut -c 1-12)
        install -d -m 0751 "$sockets"
    elif ! is_short_folder || [[ ! -d $sockets || -L $sockets || ! -O $sockets ]]; then
        sockets=$(mktemp -d /tmp/mezz-XXXXXXXXXX)
    fi
    [[ $sockets == "$(setting sockets)" ]] || remember sockets "$sockets"
}
is_short_folder() { [[ $sockets =~ ^(/run|/tmp)/mezz-[0-9A-Za-z]+$ ]]; }

# write_file PATH: standard input becomes the file, whole or not at all.
write_file() {
    cat > "$1.new"
    mv -f "$1.new" "$1"
}

# lock_state: one up or down at a time in a folder. The lock is descriptor 8; programs that stay must not inherit it.
lock_state() {
    exec 8> "$state/run/lock"
    flock -n 8 && return
    say waiting "another scripts/up or down is at work in $state"
    flock -w 600 8 || fail lock "$state was still locked after 10 minutes" "see who holds $state/run/lock (fuser)"
}

# check_files FILE…: a wrong name should not cost a build first; what takes the files looks again.
check_files() {
    local file
    for file in "$@"; do
        [[ -e $file ]] || fail files "there is no $(printf %q "$file")"
        [[ -f $file || -d $file ]] || fail files "$(printf %q "$file") is neither a regular file nor a folder"
        [[ -r $file ]] || fail files "$(printf %q "$file") is not readable for $(id -un)"
    done
}

# The address that a program on this machine connects to, and the same as part of a URL.
local_address() {
    case $listen in
        0.0.0.0) echo 127.0.0.1 ;;
        ::) echo ::1 ;;
        *) echo "$listen" ;;
    esac
}
base_url() {
    local address
    address=$(local_address)
    [[ $address != *:* ]] || address="[$address]"
    echo "http://$address:$port"
}
