#!/usr/bin/env bash
# Puts restored databases in the place of the present ones, all of them by one transaction, and sees to what is left then.
# Sourced by restore.sh, which chose them (NAMES, INDEXES, ASIDE, STAMP) and looks into them (inspect_target), never run.
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
# wait for that lock, so this wins. ALLOW_CONNECTIONS=false would do the same, but would outlive a kill. The databases are
# looked up now, and count as long as they have their names: after the swap nobody's session is ended, however late this
# begins.
terminator_sql() {
	local i list="''" loop

	for i in "${!NAMES[@]}"; do list+=", $(sql_text "${NAMES[i]}"), 'brewget_load_${STAMP}_$i'"; done
	# shellcheck disable=SC2016 # the dollars are format()'s
	loop='BEGIN FOR i IN 1..1200 LOOP
	EXIT WHEN NOT EXISTS (SELECT FROM pg_database WHERE (oid, datname) IN (%1$s));
	PERFORM pg_stat_clear_snapshot();
	PERFORM pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_database d ON d.oid = datid
		WHERE (d.oid, d.datname) IN (%1$s) AND pid <> pg_backend_pid();
	PERFORM pg_sleep(0.05);
END LOOP; END'
	echo "SET client_connection_check_interval = '200ms';"
	sql "$CONTROL" -v loop="$loop" <<<"SELECT format('DO %L;', format(:'loop', string_agg(format('(%s, %L)', oid, datname), ', ')))
		FROM pg_database WHERE datname IN ($list)" || return $?
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
	terminator_sql >"$WORK/terminate.sql" || die "$UNREACHABLE" "cannot look up the databases to swap. None was touched."
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

# usage: drop_leftovers   Databases that an unfinished restore left; nobody else uses such names.
# One that was empty when it was looked at may have been written to before it was swapped: then it is kept.
# Status 69 if one of them is still there: it is in nobody's way.
drop_leftovers() {
	local names name status=0

	names="$(sql "$CONTROL" -v pattern="$LEFTOVER" <<<"SELECT datname FROM pg_database WHERE datname ~ :'pattern' ORDER BY 1")" || return $?
	for name in $names; do
		drop_leftover "$name" || status=$?
	done
	return "$status"
}

# usage: drop_leftover NAME
drop_leftover() {
	local STATE=empty WHY

	if [[ "$1" == brewget_drop_* ]]; then inspect_target "$1" || return $?; fi
	if [[ "$STATE" == full ]]; then
		sql "$CONTROL" -c "ALTER DATABASE $1 RENAME TO ${1/_drop_/_kept_}" || return $?
		log "warning: data was written while the restore was at work ($WHY): it is kept in database ${1/_drop_/_kept_}"
	elif [[ "$STATE" == empty ]]; then
		# A subscription keeps its database from being dropped. A restored one is not in use, and its slot is another's.
		sql "$CONTROL" -c "DROP DATABASE $1 WITH (FORCE)" || {
			sql "$1" <<<"SELECT format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', subname), format('DROP SUBSCRIPTION %I', subname)
				FROM pg_subscription JOIN pg_database d ON d.oid = subdbid AND datname = current_database() WHERE NOT subenabled \gexec" &&
				sql "$CONTROL" -c "DROP DATABASE $1 WITH (FORCE)"
		} || return $?
	fi
}

# usage: say_replication DATABASE   What moved aside with it and goes on: a slot keeps WAL until the disk is full, a
# subscription consumes what was meant for the restored one.
say_replication() {
	local line lines ask="SELECT format('SELECT pg_drop_replication_slot(%L);', slot_name) FROM pg_replication_slots WHERE database = :'name'
		UNION ALL SELECT format('ALTER SUBSCRIPTION %I DISABLE;', subname) FROM pg_subscription JOIN pg_database d ON d.oid = subdbid
			WHERE datname = :'name' AND subenabled"

	lines="$(sql "$CONTROL" -v name="$1" <<<"$ask")" || return $?
	while IFS= read -r line; do
		[[ -z "$line" ]] || log "warning: replication goes on with the old database $1. To end it, there: $line"
	done <<<"$lines"
}
