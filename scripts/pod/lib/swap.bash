# Puts restored databases in the place of the present ones, all of them by one transaction, and sees to what is left then.
# For restore.sh, which chose them (NAMES, INDEXES, ASIDE, STAMP); what a killed one left is anybody's to clear.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_TERMINATOR sql/terminator.sql
read_text SQL_DROP_SUBSCRIPTIONS sql/drop_subscriptions.sql
read_text SQL_REPLICATION sql/replication.sql

# usage: swap_sql   All renames, and what belongs to the databases themselves: one transaction.
swap_sql() {
	local i

	# shellcheck disable=SC2153 # set by restore.sh
	for i in "${!NAMES[@]}"; do
		[[ -z "${ASIDE[i]}" ]] || printf 'ALTER DATABASE %s RENAME TO %s;\n' "$(psql_name "${NAMES[i]}")" "$(psql_name "${ASIDE[i]}")"
		printf 'ALTER DATABASE %s RENAME TO %s;\n' "$(psql_name "brewget_load_${STAMP}_$i")" "$(psql_name "${NAMES[i]}")"
		# A setting that this server does not take keeps no database from its place, unless --strict says so.
		[[ -n "$STRICT" ]] || printf '\\set ON_ERROR_ROLLBACK on\n\\set ON_ERROR_STOP off\n'
		globals_statements "${INDEXES[i]}"
		printf '\\set ON_ERROR_ROLLBACK off\n\\set ON_ERROR_STOP on\n'
	done
}

# usage: swap_terminator_sql LEFT   Ends the sessions of the databases that are about to be renamed, again and again: an
# application reconnects at once. RENAME locks the database first and waits 5 s for sessions to go, and a new one has to
# wait for that lock, so this wins. ALLOW_CONNECTIONS=false would do the same, but would outlive a kill. LEFT (on, off): says
# instead whose sessions our role may not end.
swap_terminator_sql() {
	local i list="''"

	for i in "${!NAMES[@]}"; do list+=", $(psql_text "${NAMES[i]}"), 'brewget_load_${STAMP}_$i'"; done
	[[ "$1" == on ]] || echo "SET client_connection_check_interval = '200ms';"
	psql_run "$CONTROL" -v left="$1" -v names="$list" <<<"$SQL_TERMINATOR" || return $?
}

# usage: swap_require_undone WHY   Ends with 69 unless the swap is in force all the same: a connection may be lost right
# after the commit. The first database of this restore has either name.
swap_require_undone() {
	local left

	left="$(psql_run "$CONTROL" -v name="brewget_load_${STAMP}_0" <<<"SELECT count(*) FROM pg_database WHERE datname = :'name'")" || {
		SWAPPED=unknown # nothing is cleared away
		die "$UNREACHABLE" "it is unknown whether the databases were swapped: $1. If there are databases brewget_load_${STAMP}_*, or the next backup says that it removed them, none was touched"
	}
	[[ "$left" == 0 ]] || die "$UNREACHABLE" "could not swap the databases: $1. None was touched."
	log "warning: the session ended after the swap: $1"
}

# usage: swap   After this the restored databases are the databases.
swap() {
	local helper name why="" status=0

	# A session in a database cannot rename it.
	if [[ " ${NAMES[*]} " == *" $CONTROL "* ]]; then CONTROL=template1; fi
	swap_sql >"$WORK/swap.sql"
	swap_terminator_sql off >"$WORK/terminate.sql" || die "$UNREACHABLE" "cannot look up the databases to swap. None was touched."
	(
		trap - ERR
		exec 7>&- 8>&- 9>&-
		PGDATABASE="$CONTROL" exec "${PSQL[@]}" -f "$WORK/terminate.sql"
	) >"$WORK/terminate.out" 2>&1 &
	helper=$!
	psql_run "$CONTROL" -1 -f "$WORK/swap.sql" >"$WORK/swap.out" 2>"$WORK/swap.err" || status=$?
	kill "$helper" 2>/dev/null || true # it may have ended by itself, because the old names are gone
	wait "$helper" || true             # ended on purpose
	if ((status != 0)); then
		[[ -z "$ROLE" ]] || why="$(swap_terminator_sql on)" || why=""
		swap_require_undone "$(head -n 2 "$WORK/swap.err" | tr '\n' ' ')${why:+. In the way, and not ours to end: $why}"
	fi
	SWAPPED=1
	awk -v OFS='\t' "$AWK_TEXT$AWK_ROLES_REFUSED" "$WORK/swap.sql" "$WORK/swap.err" | while IFS=$'\t' read -r _ _ _ name why; do
		log "warning: all rows are there, but the server refused $name ($why)"
	done
	step swapped
}

# usage: swap_drop_leftovers [FORCE]   Databases that an unfinished restore left, known by their names. Without FORCE not those in use:
# a restore out of another store has another lock.
# One that was empty when it was looked at may have been written to before it was swapped: then it is kept.
# Status 69 if one of them is still there: it is in no one's way.
swap_drop_leftovers() {
	local names name status=0

	names="$(psql_run "$CONTROL" -v pattern="$LEFTOVER" <<<"SELECT datname FROM pg_database WHERE datname ~ :'pattern' ORDER BY 1")" || return $?
	for name in $names; do
		swap_drop_leftover "$name" "${1:-}" || status=$?
	done
	return "$status"
}

# usage: swap_drop_leftover NAME FORCE
swap_drop_leftover() {
	local STATE=empty WHY

	[[ "$1" == *"_${STAMP:-}_"* ]] || log "removing database $1, left over from an unfinished restore"
	if [[ "$1" == brewget_drop_* ]]; then swap_inspect "$1" || return $?; fi
	if [[ "$STATE" == full ]]; then
		psql_run "$CONTROL" -c "ALTER DATABASE $1 RENAME TO ${1/_drop_/_kept_}" || return $?
		log "warning: data was written while the restore was at work ($WHY): it is kept in database ${1/_drop_/_kept_}"
	elif [[ "$STATE" == empty ]]; then
		psql_run "$CONTROL" -c "DROP DATABASE $1 $2" || {
			[[ -n "$2" ]] && psql_run "$1" <<<"$SQL_DROP_SUBSCRIPTIONS" &&
				psql_run "$CONTROL" -c "DROP DATABASE $1 $2"
		} || return $?
	fi
}

# usage: swap_say_replication DATABASE   What moved aside with it and goes on.
swap_say_replication() {
	local line lines

	lines="$(psql_run "$CONTROL" -v name="$1" <<<"$SQL_REPLICATION")" || return $?
	while IFS= read -r line; do
		[[ -z "$line" ]] || log "warning: replication goes on with the old database $1. To end it, there: $line"
	done <<<"$lines"
}

# usage: swap_inspect NAME   Sets STATE: absent, empty or full, and WHY. Status 69 where that cannot be found out.
swap_inspect() {
	local kind ask="SELECT CASE WHEN datconnlimit = -2 THEN 'ruin' WHEN datallowconn THEN 'open' ELSE 'closed' END
		FROM pg_database WHERE datname = :'name'"

	STATE=unknown
	kind="$(psql_run "$CONTROL" -v name="$1" <<<"$ask")" || return "$UNREACHABLE"
	WHY=""
	case "$kind" in
	'') STATE=absent ;;
	ruin)
		STATE=empty
		log "database $1 is half dropped: it cannot be read, and nothing is lost with it"
		;;
	open)
		WHY="$(psql_run "$1" <<<"$SQL_EMPTY" | paste -s -d , -)" || return "$UNREACHABLE"
		STATE=empty
		[[ -z "$WHY" ]] || STATE=full
		;;
	closed)
		STATE=full
		WHY="it allows no connections, so it cannot be looked into"
		;;
	esac
}
