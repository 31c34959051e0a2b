#!/usr/bin/env bash
# Puts restored databases in the place of the present ones: all of them by one transaction. Sourced by restore.sh, which
# chose them (NAMES, INDEXES, OIDS, ASIDE, STAMP), never run.
[[ -z "${SWAP_SH_READ:-}" ]] || return 0
SWAP_SH_READ=1

# shellcheck source=globals.sh
source "${BASH_SOURCE[0]%/*}/globals.sh"

# usage: swap_sql   All renames, and what belongs to the databases themselves: one transaction.
swap_sql() {
	local i

	# shellcheck disable=SC2153 # set by restore.sh
	for i in "${!NAMES[@]}"; do
		[[ -z "${ASIDE[i]}" ]] || printf 'ALTER DATABASE %s RENAME TO %s;\n' "$(sql_name "${NAMES[i]}")" "$(sql_name "${ASIDE[i]}")"
		printf 'ALTER DATABASE %s RENAME TO %s;\n' "$(sql_name "brewget_load_${STAMP}_$i")" "$(sql_name "${NAMES[i]}")"
		database_statements "${INDEXES[i]}"
	done
}

# usage: terminator_sql   Ends the sessions of the databases that are about to be renamed, again and again: an
# application reconnects at once. RENAME locks the database first and waits 5 s for sessions to go, and a new one has to
# wait for that lock, so this wins. ALLOW_CONNECTIONS=false would do the same, but would outlive a kill. By the number that
# was looked up before, and no longer than the old names are in force: the restored databases' sessions are nobody's to end,
# however late this begins.
terminator_sql() {
	local i

	cat <<SQL
SET client_connection_check_interval = '200ms';
CREATE TEMP TABLE old (oid oid, datname name);
SQL
	for i in "${!NAMES[@]}"; do
		# shellcheck disable=SC2153 # set by restore.sh
		[[ -z "${OIDS[i]}" ]] || printf 'INSERT INTO old VALUES (%s, %s);\n' "${OIDS[i]}" "$(sql_text "${NAMES[i]}")"
	done
	cat <<'SQL'
DO $do$ BEGIN FOR i IN 1..1200 LOOP
	EXIT WHEN NOT EXISTS (SELECT FROM pg_database d JOIN old USING (oid, datname));
	PERFORM pg_stat_clear_snapshot();
	PERFORM pg_terminate_backend(pid) FROM pg_stat_activity JOIN old ON old.oid = datid WHERE pid <> pg_backend_pid();
	PERFORM pg_sleep(0.05);
END LOOP; END $do$;
SQL
}

# usage: require_unswapped WHY   Ends with 69 unless the swap is in force all the same: a connection may be lost right
# after the commit. The first database of this restore has either name.
require_unswapped() {
	local left

	left="$(sql "$CONTROL" -v name="brewget_load_${STAMP}_0" <<<"SELECT count(*) FROM pg_database WHERE datname = :'name'")" || {
		SWAPPED=unknown # nothing is cleared away
		die "$UNREACHABLE" "whether the databases were swapped cannot be told: $1. If there are databases brewget_load_${STAMP}_*, none was touched"
	}
	[[ "$left" == 0 ]] || die "$UNREACHABLE" "could not swap the databases: $1. None was touched."
	log "warning: the session ended after the swap: $1"
}

# usage: swap   After this the restored databases are the databases.
swap() {
	local helper status=0

	# Whoever is in the database that is renamed cannot be the one who renames it.
	if [[ " ${NAMES[*]} " == *" $CONTROL "* ]]; then CONTROL=template1; fi
	swap_sql >"$WORK/swap.sql"
	terminator_sql >"$WORK/terminate.sql"
	(
		trap - ERR
		exec 7>&- 8>&- 9>&-
		PGDATABASE="$CONTROL" exec "${PSQL[@]}" -f "$WORK/terminate.sql"
	) >"$WORK/terminate.out" 2>&1 &
	helper=$!
	sql "$CONTROL" -1 -f "$WORK/swap.sql" >"$WORK/swap.out" 2>"$WORK/swap.err" || status=$?
	kill "$helper" 2>/dev/null || true # it may have ended by itself, because the old names are gone
	wait "$helper" || true             # ended on purpose
	if ((status != 0)); then require_unswapped "$(head -n 2 "$WORK/swap.err" | tr '\n' ' ')"; fi
	SWAPPED=1
	step swapped
}
