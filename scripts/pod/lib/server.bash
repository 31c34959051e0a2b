# A server of our own on a private socket: the throwaway one of a verification, and the one that start-up builds in.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

OUR_SERVER=""

# usage: server_start DATA_DIRECTORY [POSTGRES OPTION...]   On a socket in WORK, out of reach for all others.
# Everything after this talks to it: PGHOST and PGPORT are set.
server_start() {
	local data="$1" options

	shift
	mkdir -p -- "$WORK/socket"
	# On one line: pg_ctl gives it to a shell, for which a line break would be the end of the command.
	options="-c listen_addresses='' -c unix_socket_directories='$WORK/socket' -c port=5432 -c logging_collector=off"
	# In C: who is at fault is read from messages. No standby can reach us, so none is waited for.
	options+=" -c log_destination=stderr -c lc_messages=C -c synchronous_standby_names='' -c ssl=off $*"
	# After a crash it would go on without what was not on disk yet, and that would be held against the set.
	# On a node that has huge pages reserved and gives us none, a server that asks for them dies of a bus error.
	options+=" -c restart_after_crash=off -c huge_pages=off"
	# The descriptors of our locks stay with us. A locale of its own: LC_ALL=C is for our sort and awk only.
	# Its output rather than -l: what pg_ctl itself has to say is there as well.
	# PostgreSQL takes a stale postmaster.pid for stale if it names its parent or that one's parent. In a container all the
	# numbers are small, and ours, one further up (run), was a server's.
	[[ "$(head -n 1 "$data/postmaster.pid" 2>/dev/null)" != "$$" ]] || rm -f -- "$data/postmaster.pid"
	# A year: a recovery takes as long as it takes, and pg_ctl sees a server end.
	LC_ALL="$CALLERS_LC_ALL" pg_ctl start -D "$data" -w -t 31536000 -s -o "$options" \
		7>&- 8>&- 9>&- >>"$WORK/server.log" 2>&1 || return 69
	OUR_SERVER="$data"
	export PGHOST="$WORK/socket" PGPORT=5432
	# Nobody else is here to be kept from creating a database, and `postgres` is going to be replaced.
	CONTROL=template1
	unset PGHOSTADDR PGSERVICE PGSSLMODE PGSSLROOTCERT PGCHANNELBINDING PGREQUIREAUTH PGDATABASE
}

# usage: server_stop [MODE]
server_stop() {
	local data="$OUR_SERVER"

	[[ -n "$data" ]] || return 0
	OUR_SERVER=""
	pg_ctl stop -D "$data" -m "${1:-fast}" -w -t 31536000 -s >"$WORK/pg_ctl.out" 2>&1 || return 69
}

# At exit: whatever state it is in, it is not left running.
server_stop_now() {
	[[ -z "$OUR_SERVER" ]] || pg_ctl stop -D "$OUR_SERVER" -m immediate -w -s >"$WORK/pg_ctl.out" 2>&1
	OUR_SERVER=""
}

# usage: server_initdb_failed END WHAT   By END (die, pgdata_refuse) with 73 where initdb had no room, else with 69, and its reason: the
# last lines only say that it has cleaned up.
server_initdb_failed() {
	local said status=$UNREACHABLE

	said="$(grep -E 'error:|(FATAL|PANIC|ERROR): ' "$WORK/initdb.out" | tail -n 2 | tr '\n' ' ')" || said="$(tail -n 3 "$WORK/initdb.out" | tr '\n' ' ')"
	! grep -q -i 'no space left\|quota exceeded' "$WORK/initdb.out" || status=$NO_SPACE
	if grep -q -i 'bus error\|signal 7' "$WORK/initdb.out"; then
		said="initdb was ended by a bus error. Either the node has huge pages reserved and gives this pod none (on the node: sysctl vm.nr_hugepages=0), or there is no room in /dev/shm"
	fi
	"$1" "$status" "$2: $said"
}

# usage: server_is_served DATA_DIRECTORY   0 if the process that its postmaster.pid names works in it, else 1. pg_ctl status only
# asks for a process of that number: in a container the numbers are small and soon another's, and a dead one whose
# parent has not waited for it counts too.
server_is_served() {
	local process data

	process="$(head -n 1 "$1/postmaster.pid" 2>/dev/null)" || return 1
	data="$(cd -- "$1" && pwd -P)" || return 1
	[[ "$(readlink "/proc/$process/cwd" 2>/dev/null)" == "$data" ]] || return 1
}

# usage: server_stop_orphan DATA_DIRECTORY   Ends a server that a killed run of ours left behind there. Status 1 if a server
# is running that is not ours.
server_stop_orphan() {
	local socket waited=0

	server_is_served "$1" || return 0
	socket="$(sed -n 5p "$1/postmaster.pid")"
	[[ "$socket" == */brewget.??????/socket ]] || return 1
	log "stopping the server that an unfinished run left in $1"
	# It may be on its way out already, and then pg_ctl finds nobody to stop: what counts is that it is gone.
	pg_ctl stop -D "$1" -m immediate -w -s >"$WORK/pg_ctl.out" 2>&1 || true
	while server_is_served "$1"; do
		((waited < 30)) || return 1
		sleep 1
		waited=$((waited + 1))
	done
}

# usage: server_said   For a message: the last error in its log, with the setting that it is about; else the last lines.
server_said() {
	local line

	line="$(awk '/LOG: .*(parameter|in file) "/ { cause = $0 " " } /(FATAL|PANIC|ERROR): / { last = cause $0; cause = "" } END { print last }' "$WORK/server.log" 2>/dev/null)" || line=""
	[[ -n "$line" ]] || line="$(tail -n 3 "$WORK/server.log" 2>/dev/null | tr '\n' ' ')" || return 0
	printf '%s\n' "$line"
}
