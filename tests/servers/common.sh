# shellcheck shell=bash disable=SC2154
# What the servers' scripts of this folder have in common; they source it.
#
# A script sets `name` (what it is called), and provides
#   write_configuration PORT TLS_PORT   puts the configuration below $state
#   write_env PID PORT TLS_PORT         writes $state/env, the KEY=value lines
# It calls `enter DIR` first, then what it needs. Afterwards are set:
#   state      the folder that holds all of one server
#   account    the account that the server believes to run as
#   become     the beginning of a command that makes it so
#   listen     the loopback address; a script may choose another before `launch`

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
listen=127.0.0.1

die() {
    printf '%s: %s\n' "$name" "$*" >&2
    exit 1
}

usage() { # the comment at the head of the script
    sed -n '2,/^set -euo/{/^set -euo/d;s/^# \{0,1\}//;p;}' "$here/$name" >&2
    exit 2
}

enter() { # DIR
    case $1 in *[[:space:]]*) die 'DIR must have no white space in its path' ;; esac
    mkdir -p -- "$1"
    state=$(cd -- "$1" && pwd -P)
    choose_account
}

# --- Who the server runs as -----------------------------------------------------------------------
# The servers refuse to serve mail as uid 0. An ordinary user runs them as himself. Root runs
# them in a user namespace in which root bears the name of an ordinary account: files stay root's
# own, so any directory will do. Where that is forbidden they run as that account, and DIR must be
# reachable.

choose_account() {
    local candidate
    if ((EUID != 0)); then
        account=$(id -un)
        become=()
        return
    fi
    account=
    for candidate in mail daemon nobody; do
        if id "$candidate" >/dev/null 2>&1; then
            account=$candidate
            break
        fi
    done
    [[ -n $account ]] || die 'found no account to run as'
    become=(unshare -U "--map-user=$(id -u "$account")" "--map-group=$(id -g "$account")" --)
    if ! "${become[@]}" true 2>/dev/null; then
        become=(setpriv "--reuid=$account" "--regid=$(id -g "$account")" --clear-groups --)
    fi
}

hand_over() {
    if [[ ${become[0]:-} == setpriv ]]; then chown -R "$account" "$state"; fi
}

# --- Processes, always by number ------------------------------------------------------------------

started_at() { # PID: the moment of its start, which tells it from a later process of that number
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086
    set -- $stat
    [[ $1 != Z ]] && printf '%s\n' "${20}"
}

alive() { # PID START
    [[ $(started_at "$1" || true) == "${2:-gone}" ]]
}

master() { # prints "PID START" of the running server, or fails
    local pid start
    [[ -s $state/pid ]] && read -r pid start <"$state/pid" && alive "$pid" "$start" || return 1
    printf '%s %s\n' "$pid" "$start"
}

descendants() { # PID
    local child
    for child in $(pgrep -P "$1" || true); do
        printf '%s\n' "$child"
        descendants "$child"
    done
}

signal_tree() { # SIGNAL PID: the parent first, so that it makes no more children
    local child
    kill "-$1" "$2" 2>/dev/null || true
    for child in $(descendants "$2"); do kill "-$1" "$child" 2>/dev/null || true; done
}

await_end() { # SECONDS PID START
    local limit=$((SECONDS + $1))
    while alive "$2" "$3"; do
        ((SECONDS < limit)) || return 1
        sleep 0.02
    done
}

# --- Ports ----------------------------------------------------------------------------------------
# Below the range from which the kernel takes the source ports of outgoing connections: a client
# that keeps trying a dead port of that range may end up connected to itself.

free_ports() {
    python3 - "$listen" <<'PY'
import random, socket, sys

free = []
while len(free) < 2:
    port = random.SystemRandom().randrange(15000, 32000)
    if port in free:
        continue
    try:
        with socket.socket() as probe:
            probe.bind((sys.argv[1], port))
        free.append(port)
    except OSError:
        pass
print(*free)
PY
}

accepts() { # PORT
    (exec 3<>"/dev/tcp/$listen/$1") 2>/dev/null
}

# Unix sockets have paths of at most 107 bytes: a long DIR gets a short companion.
choose_sockets() {
    sockets=$state/run
    if ((${#sockets} > 60)); then
        if [[ -s $state/run.path && -d $(<"$state/run.path") ]]; then
            sockets=$(<"$state/run.path")
        else
            sockets=$(mktemp -d "/tmp/$name.XXXXXX")
            printf '%s\n' "$sockets" >"$state/run.path"
        fi
    fi
    mkdir -p "$sockets"
    chmod 755 "$sockets"
    if [[ ${become[0]:-} == setpriv ]]; then chown "$account" "$sockets"; fi
}

# --- Starting and stopping ------------------------------------------------------------------------

launch() { # COMMAND...: runs it in the background as the server; returns when connections are accepted
    local ports=() pid limit
    for _ in 1 2 3 4 5; do
        if [[ -s $state/ports ]]; then
            read -ra ports <"$state/ports"
        else
            read -ra ports < <(free_ports)
        fi
        write_configuration "${ports[@]}"
        hand_over
        : >"$state/start.log"
        # The shell writes its own number, then becomes the server.
        # shellcheck disable=SC2016
        setsid bash -c 'echo $$ >"$1"; shift; exec "$@"' - "$state/pid.new" \
            "${become[@]}" "$@" </dev/null >>"$state/start.log" 2>&1 &
        disown
        limit=$((SECONDS + 20))
        until [[ -s $state/pid.new ]]; do sleep 0.01; done
        pid=$(<"$state/pid.new")
        rm -f "$state/pid.new"
        while started_at "$pid" >"$state/start.new"; do
            if accepts "${ports[0]}" && accepts "${ports[1]}"; then
                printf '%s %s\n' "$pid" "$(<"$state/start.new")" >"$state/pid"
                printf '%s %s\n' "${ports[@]}" >"$state/ports"
                write_env "$pid" "${ports[@]}"
                cat "$state/env"
                return
            fi
            ((SECONDS < limit)) || break
            sleep 0.02
        done
        if grep -qs 'Address already in use' "$state/start.log" "$state/log"; then
            # Another program was quicker; the ports of an earlier run are not given up, though.
            if [[ ! -s $state/ports ]]; then continue; fi
        fi
        signal_tree KILL "$pid"
        break
    done
    tail -n 5 "$state/start.log" "$state/log" >&2 || true
    die "did not start: see $state"
}

stop() { # TERM or KILL
    local pid start child children=()
    if read -r pid start < <(master); then
        # Stopped, it makes no more children, of which one would survive and go on talking.
        if [[ $1 == KILL ]]; then signal_tree STOP "$pid"; fi
        for child in $(descendants "$pid"); do children+=("$child $(started_at "$child" || true)"); done
        if [[ $1 == TERM ]]; then
            signal_tree CONT "$pid"
            kill -TERM "$pid" 2>/dev/null || true
            # A session that was frozen in mid-command may take its time; nothing needs to be kept.
            await_end 2 "$pid" "$start" || true
        fi
        signal_tree KILL "$pid"
        for child in "${children[@]}"; do
            # shellcheck disable=SC2086
            if alive $child; then kill -KILL "${child% *}" 2>/dev/null || true; fi
        done
        for child in "$pid $start" "${children[@]}"; do
            # shellcheck disable=SC2086
            await_end 5 $child || die "process $child does not end"
        done
    fi
    rm -f "$state/pid"
    if [[ -s $state/run.path ]]; then
        rm -rf -- "$(<"$state/run.path")"
        rm -f "$state/run.path"
    fi
}

signal_server() { # STOP or CONT
    local pid start
    read -r pid start < <(master) || die "not running in $state"
    signal_tree "$1" "$pid"
}
