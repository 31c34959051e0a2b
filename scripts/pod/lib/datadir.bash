# Where the data directory and its neighbours are, and the lock that whoever works on it holds.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

PGDATA="${PGDATA:-/var/lib/postgresql/data/pgdata}"
BUILD="$(dirname -- "$PGDATA")/pgdata.init"
JOURNAL="$(dirname -- "$PGDATA")/startup.log"
# PG_VERSION is there from initdb's first moment on: half a restore would look complete (docker-library/postgres#891).
MARK=.brewget-complete
# One line for people: who has the lock of the data directory, or had it last.
SERVER_LOCK="$(dirname -- "$PGDATA")/.server-lock"
STARTUP_LOCK_WAIT="${STARTUP_LOCK_WAIT:-600}"

# usage: datadir_lock WHO   The kernel's lock on the data directory, on descriptor 6, for this process and all that it starts: a
# server keeps it until its last process has ended. PostgreSQL's own guard, postmaster.pid, is blind to another pod's
# processes: the server of a pod that was deleted by force and its successor's would both write.
datadir_lock() {
	local waited=0 holder

	require_number 0 STARTUP_LOCK_WAIT
	mkdir -p -- "$(dirname -- "$PGDATA")" || die "$NO_SPACE" "cannot make $(dirname -- "$PGDATA")"
	{ exec 6>>"$SERVER_LOCK"; } || die "$NO_SPACE" "cannot write $SERVER_LOCK"
	until try_lock -x 6 "the file system of $SERVER_LOCK gives no locks" ": two servers on one data directory could not be kept apart. Another volume is needed"; do
		holder="$(head -n 1 -- "$SERVER_LOCK")"
		datadir_stop_orphans "$holder"
		((waited < STARTUP_LOCK_WAIT)) || die "$BUSY" "the data directory is in use by ${holder:-another pod}; waited $waited s (STARTUP_LOCK_WAIT). Nothing was touched; it is tried again at the next start"
		((waited > 0)) || log "the data directory is in use by ${holder:-another pod}: waiting for its end, up to $STARTUP_LOCK_WAIT s"
		sleep 1
		waited=$((waited + 1))
	done
	sign_lock "$SERVER_LOCK" "$1"
	step data-locked
}

# usage: datadir_stop_orphans HOLDER   A run that was killed here, not with a whole pod, has left its server behind.
datadir_stop_orphans() {
	[[ "$1" == *" on ${HOSTNAME:-?}, process "* && "$1" =~ process\ ([0-9]+), ]] || return 0
	! kill -0 "${BASH_REMATCH[1]}" 2>/dev/null || return 0 # at work
	server_stop_orphan "$BUILD" || return 0
	server_stop_orphan "$PGDATA" || return 0
}
