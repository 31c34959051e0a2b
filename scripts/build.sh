#!/usr/bin/env bash
# Makes the data directory: built beside it in pgdata.init, put in place by one rename. Sourced by prepare-data.sh and
# last-set.sh after data.sh, which says where it is and what is decided (decide, refuse), never run.
[[ -z "${BUILD_SH_READ:-}" ]] || return 0
BUILD_SH_READ=1

# shellcheck source=server.sh
source "${BASH_SOURCE[0]%/*}/server.sh"
# shellcheck source=store.sh
source "$SCRIPTS/store.sh"
# shellcheck source=roles.sh
source "$SCRIPTS/roles.sh"

# For data that is in use: what is not archived yet stays, for the real server to archive. With archive_mode=off the next
# checkpoint would remove it.
ARCHIVE_LATER=(-c archive_command=)

# usage: open_data DIRECTORY [POSTGRES OPTION...]   Starts our server on it, as the superuser.
open_data() {
	export PGUSER="${POSTGRES_USER:-postgres}"
	if [[ -n "${POSTGRES_PASSWORD_FILE:-}" ]]; then
		write_pgpass "$WORK/pgpass" "$POSTGRES_PASSWORD_FILE"
		export PGPASSFILE="$WORK/pgpass"
	fi
	stop_orphan "$1" || refuse "$REFUSED" "a server is already running on $1; the restore or start has to wait for its end"
	start_server "$@" || refuse "$UNREACHABLE" "the server does not start on $1: $(server_said)"
	step server
}

# usage: complete_roles   The application's databases and the Secret's passwords, on whatever was kept, restored or made.
complete_roles() {
	ensure_databases 2>"$WORK/roles.err" || refuse "$UNREACHABLE" "cannot create the databases: $(tail -n 1 "$WORK/roles.err")"
	apply_passwords 2>"$WORK/roles.err" || refuse "$UNREACHABLE" "cannot set the passwords: $(tail -n 1 "$WORK/roles.err")"
}

# usage: mark DIRECTORY WHY
mark() {
	printf '%s %s\n' "$(utc)" "$2" >"$1/$MARK" || refuse "$NO_SPACE" "cannot write $1/$MARK"
	make_durable "$1/$MARK" "$1"
}

# usage: make_cluster   A new cluster in BUILD, by the official image's own program where it is at hand.
make_cluster() {
	local size

	rm -rf -- "$BUILD"
	step build
	# BREWGET_PREPARING: our script in /docker-entrypoint-initdb.d leaves the work to us.
	# PG* variables are for clients of a running server; the entrypoint's temporary one has its own socket.
	if command -v docker-ensure-initdb.sh >/dev/null; then
		PGDATA="$BUILD" BREWGET_PREPARING=1 env -u PGHOST -u PGHOSTADDR -u PGUSER -u PGDATABASE -u PGPASSFILE \
			-u PGOPTIONS -u PGCLIENTENCODING -u LC_ALL ${CALLERS_LC_ALL:+"LC_ALL=$CALLERS_LC_ALL"} \
			docker-ensure-initdb.sh postgres 7>&- 8>&- 9>&- >"$WORK/initdb.out" 2>&1 || refuse "$NO_SPACE" "cannot make a data directory: $(tail -n 3 "$WORK/initdb.out" | tr '\n' ' ')"
	else
		plain_initdb
	fi
	size="$(stat -c %s -- "$BUILD/PG_VERSION")"
	((size > 0)) || refuse "$NO_SPACE" "initdb left no PG_VERSION in $BUILD"
	step initialised
}

# usage: plain_initdb   The same without the image's program: on a machine of one's own.
plain_initdb() {
	local options=(--username="${POSTGRES_USER:-postgres}" --auth-host=scram-sha-256 --auth-local=trust)

	[[ -z "${POSTGRES_PASSWORD_FILE:-}" ]] || options+=(--pwfile="$POSTGRES_PASSWORD_FILE")
	# shellcheck disable=SC2086 # POSTGRES_INITDB_ARGS is a list of words
	LC_ALL="$CALLERS_LC_ALL" initdb -D "$BUILD" "${options[@]}" ${POSTGRES_INITDB_ARGS:-} >"$WORK/initdb.out" 2>&1 ||
		refuse "$NO_SPACE" "cannot make a data directory: $(tail -n 3 "$WORK/initdb.out" | tr '\n' ' ')"
	echo 'host all all all scram-sha-256' >>"$BUILD/pg_hba.conf"
}

# usage: put_in_place WHY   The rename that makes it the data directory. Everything is on disk before. The data of an
# older PostgreSQL makes room; a kill between the two renames puts it back (finish_swap).
put_in_place() {
	complete_roles
	stop_server || refuse "$UNREACHABLE" "the server on $BUILD does not stop: $(server_said)"
	mark "$BUILD" "$1"
	step marked
	sync
	step synced
	if [[ -e "$PGDATA" ]]; then
		[[ -n "${UPGRADING:-}" ]] || refuse "$REFUSED" "$PGDATA was not there before: is another pod at work on this volume?"
		mv -- "$PGDATA" "$OLD" || refuse "$NO_SPACE" "cannot rename $PGDATA to $OLD"
		make_durable "$(dirname -- "$PGDATA")"
		step old-aside
	fi
	mv -- "$BUILD" "$PGDATA" || refuse "$NO_SPACE" "cannot rename $BUILD to $PGDATA"
	make_durable "$(dirname -- "$PGDATA")"
	step in-place
	decide "$1"
}

# usage: clear_build   What a killed start left is worth nothing.
clear_build() {
	[[ -e "$BUILD" ]] || return 0
	stop_orphan "$BUILD" || refuse "$REFUSED" "a server is running on $BUILD"
	log "removing $BUILD, left over from an unfinished start or restore"
	rm -rf -- "$BUILD" || refuse "$NO_SPACE" "cannot remove $BUILD"
	step build-cleared
}
