#!/usr/bin/env bash
# The first half of an upgrade to another major version, run with the OLD image before prepare-data.sh runs with the new
# one: takes a set of the data while nobody can reach it, and leaves a mark that nothing was written since. Reads PGDATA;
# writes the store and the mark beside PGDATA. Where there is nothing to upgrade it does nothing.

# shellcheck source=data.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/data.sh"
# shellcheck source=build.sh
source "$SCRIPTS/build.sh"
# shellcheck source=contents.sh
source "$SCRIPTS/contents.sh"

usage() {
	cat <<'USAGE'
usage: last-set.sh

Takes a last, pinned set of the data directory PGDATA with the image of the major version that made it, so that
prepare-data.sh of a newer one can restore it. Does nothing if PGDATA is absent or of another major version.
USAGE
}

# usage: left_out_sql   What the server holds and no set does: it would be gone after the upgrade. In template1, where
# CONTROL is.
left_out_sql() {
	cat <<'SQL'
SELECT what FROM (
	SELECT 'the prepared transaction ' || gid || ' (COMMIT PREPARED or ROLLBACK PREPARED ends it)' AS what FROM pg_prepared_xacts
	UNION ALL SELECT 'the template ' || datname || ' (ALTER DATABASE ... IS_TEMPLATE false makes it a database)' FROM pg_database
		WHERE datistemplate AND datname NOT IN ('template0', 'template1')
	UNION ALL SELECT 'the extension ' || extname || ' in template1 (DROP EXTENSION there; CREATE EXTENSION again afterwards)' FROM pg_extension
		WHERE extname <> 'plpgsql'
	UNION ALL SELECT 'the replication slot ' || slot_name || ' (pg_drop_replication_slot ends it)' FROM pg_replication_slots
	UNION ALL SELECT 'the subscription ' || subname || ', which would come back disabled (ALTER SUBSCRIPTION ... DISABLE accepts that)' FROM pg_subscription
		WHERE subenabled
	UNION ALL SELECT 'the database ' || datname || ', which allows no connections' FROM pg_database
		WHERE NOT datistemplate AND NOT datallowconn AND datconnlimit <> -2
	UNION ALL SELECT 'the database ' || datname || ', left over from an unfinished restore (a restore or DROP DATABASE ends it)' FROM pg_database
		WHERE datname ~ :'leftover') found ORDER BY what;
SQL
}

# usage: require_all_in_a_set   Refuses if a set would not hold all that is there.
require_all_in_a_set() {
	local found

	left_out_sql >"$WORK/left-out.sql"
	empty_sql >"$WORK/empty.sql"
	found="$({ sql "$CONTROL" -v leftover="$LEFTOVER" -f "$WORK/left-out.sql" && sql template1 -f "$WORK/empty.sql" | sed 's/$/ in template1/'; } | paste -s -d , -)"
	[[ -z "$found" ]] ||
		refuse "$REFUSED" "no set holds $found: it would be gone after the upgrade. Set the old image back, see to it there, then upgrade"
}

# usage: take_last_set   A server that nobody but us can reach, a set of it, and its end.
take_last_set() {
	local name status=0 system

	# No worker of its own either: no replication, no scheduled job writes between the set and the server's end.
	open_data "$PGDATA" "${ARCHIVE_LATER[@]}" -c max_worker_processes=0
	require_server 0
	require_all_in_a_set
	system="$(sql "$CONTROL" -c 'SELECT system_identifier FROM pg_control_system()')"
	# A program of its own: it has its own lock, its own way out, and dumps all databases.
	name="$(BACKUP_DATABASES='' bash "$SCRIPTS/backup.sh" --reason upgrade --pin)" || status=$?
	((status == 0)) || refuse "$status" "the last set could not be taken, the lines above say why"
	step last-set
	stop_server || refuse "$UNREACHABLE" "the server on $PGDATA does not stop: $(server_said)"
	step stopped
	write_last_set "$name" "$system"
	step marked
	decide "took the last set $name of PostgreSQL $(data_major) before its upgrade"
}

# At exit.
say_untouched() {
	((${status:-0} == 0)) || log "The data directory is as it was. To go on with it: pulumi config rm postgres.upgradeFrom," \
		"pulumi config set postgres.image with the image of before, pulumi up. To try again: pulumi up"
}

main() {
	local major image

	if [[ "${1:-}" == --help ]]; then
		usage
		exit 0
	fi
	(($# == 0)) || die "$USAGE" "unknown option '$1'. See: last-set.sh --help"
	begin
	if [[ ! -s "$PGDATA/PG_VERSION" ]]; then
		log "there is no data directory in its place, so nothing to upgrade here"
		exit 0
	fi
	major="$(data_major)"
	image="$(tool_major postgres)"
	if ((major != image)); then
		log "the data directory is of PostgreSQL $major, so nothing to do for PostgreSQL $image"
		exit 0
	fi
	if ! is_complete && ! accepts unmarked-data; then
		log "$PGDATA is there, but without our mark of completion: prepare-data.sh decides what to do with it"
		exit 0
	fi
	at_exit say_untouched
	at_exit stop_server_now
	require_store
	if read_last_set && check_last_set && check_sums "$BACKUP_ROOT/$LAST_SET"; then
		log "nothing was written since the last set $LAST_SET: it will do"
		exit 0
	fi
	log "taking a last set of PostgreSQL $major: ${WHY:-none was taken}"
	take_last_set
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
