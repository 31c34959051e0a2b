#!/usr/bin/env bash
# The server's container: takes the lock of the data directory, says what start-up decided, and becomes the official
# image's entrypoint. The descriptor goes along: the lock is the server's until its last process has ended.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/server.bash"
source "$SCRIPTS/lib/datadir.bash"

usage() {
	cat <<'USAGE'
usage: serve.sh [POSTGRES OPTION...]

Runs the server on the data directory PGDATA, which prepare-data.sh has left complete.
USAGE
}

main() {
	[[ "${1:-}" != --help ]] || { usage && exit 0; }
	begin
	datadir_lock "the server"
	# The entrypoint would make an empty database here.
	[[ -f "$PGDATA/$MARK" ]] || die "$REFUSED" "$PGDATA is not complete: prepare-data.sh has to run first"
	# The seed's `kubectl logs postgres-0 | grep restore` looks into the server's log.
	[[ ! -f "$JOURNAL" ]] || tail -n 1 "$JOURNAL"
	remove_work
	umask 022
	unset LC_ALL
	[[ -z "$CALLERS_LC_ALL" ]] || export LC_ALL="$CALLERS_LC_ALL"
	exec docker-entrypoint.sh postgres "$@"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
