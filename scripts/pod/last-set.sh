#!/usr/bin/env bash
# The first half of an upgrade to another major version, run with the OLD image before prepare-data.sh runs with the new
# one: takes a set of the data while nobody can reach it, and leaves a mark that nothing was written since. Reads PGDATA;
# writes the store and the mark beside PGDATA. Where there is nothing to upgrade it does nothing.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/contents.bash"
source "$SCRIPTS/lib/server.bash"
source "$SCRIPTS/lib/roles.bash"
source "$SCRIPTS/lib/datadir.bash"
source "$SCRIPTS/lib/pgdata.bash"
read_text SQL_LEFT_OUT sql/left_out.sql

usage() {
	cat <<'USAGE'
usage: last-set.sh

Takes a last, pinned set of the data directory PGDATA with the image of the major version that made it, so that
prepare-data.sh of a newer one can restore it. Does nothing if PGDATA is absent or of another major version.
USAGE
}

# usage: require_all_in_a_set   Refuses if a set would not hold all that is there.
require_all_in_a_set() {
	local found

	found="$({ psql_run "$CONTROL" -v leftover="$LEFTOVER" <<<"$SQL_LEFT_OUT" && psql_run template1 <<<"$SQL_EMPTY" | sed 's/$/ in template1/'; } | paste -s -d , -)"
	[[ -z "$found" ]] ||
		pgdata_refuse "$REFUSED" "no set holds $found: it would be gone after the upgrade. Set the old image back, see to it there, then upgrade"
}

# usage: take_last_set   A server that nobody but us can reach, a set of it, and its end.
take_last_set() {
	local name status=0 system

	# No worker of its own either: no replication, no scheduled job writes between the set and the server's end.
	pgdata_open "$PGDATA" "${ARCHIVE_LATER[@]}" -c max_worker_processes=0
	psql_require_server 0
	require_all_in_a_set
	system="$(psql_run "$CONTROL" -c 'SELECT system_identifier FROM pg_control_system()')"
	# A program of its own: it has its own lock, its own way out, and dumps all databases.
	name="$(BACKUP_DATABASES='' BACKUP_SKIP='' bash "$SCRIPTS/backup.sh" --reason upgrade --pin)" || status=$?
	((status == 0)) || pgdata_refuse "$status" "the last set could not be taken, the lines above say why"
	step last-set
	server_stop || pgdata_refuse "$UNREACHABLE" "the server on $PGDATA does not stop: $(server_said)"
	step stopped
	pgdata_write_last_set "$name" "$system"
	step marked
	pgdata_decide "took the last set $name of PostgreSQL $(pgdata_major) before its upgrade"
}

# At exit.
say_untouched() {
	((${status:-0} == 0)) || log "The data directory is as it was. To go on with it: pulumi config rm --path postgres.upgradeFrom," \
		"pulumi config set --path postgres.image with the old image, pulumi up. To try again: pulumi up"
}

main() {
	local major image

	[[ "${1:-}" != --help ]] || { usage && exit 0; }
	(($# == 0)) || die "$USAGE" "unknown option '$1'. See: last-set.sh --help"
	begin
	psql_prepare
	datadir_lock "${0##*/}"
	if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
		log "there is no data directory in its place, so nothing to upgrade here"
		exit 0
	fi
	major="$(pgdata_major)"
	image="$(tool_major postgres)"
	if ((major != image)); then
		log "the data directory is of PostgreSQL $major, so nothing to do for PostgreSQL $image"
		exit 0
	fi
	if ! pgdata_is_complete && ! pgdata_accepts unmarked-data; then
		log "$PGDATA is there, but without our mark of completion: prepare-data.sh decides what to do with it"
		exit 0
	fi
	at_exit say_untouched
	at_exit server_stop_now
	store_require
	if pgdata_read_last_set && pgdata_check_last_set && set_check_sums "$BACKUP_ROOT/$LAST_SET"; then
		log "nothing was written since the last set $LAST_SET, so it is used"
		exit 0
	fi
	log "taking a last set of PostgreSQL $major: ${WHY:-none was taken}"
	take_last_set
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
