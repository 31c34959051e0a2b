# As whom we work. A role that is no superuser does what it may: what it cannot is asked before anything is begun, and said by name.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_ROLE sql/role.sql

# Whether the role reads the passwords of roles: t or f.
SEES_PASSWORDS=t

# usage: role_ask   Sets ROLE, where it is no superuser, and SEES_PASSWORDS; what its sets lack goes into WORK/limits. Refuses a pooler that hands
# each transaction to another session: none would keep its snapshot, its locks or its settings.
role_ask() {
	local name superuser objects kept clock

	psql_run "$CONTROL" <<<"$SQL_ROLE" >"$WORK/role" 2>"$WORK/server.out" || psql_server_refused
	IFS=$'\t' read -r name superuser SEES_PASSWORDS objects kept clock <"$WORK/role"
	[[ "$kept" == t ]] ||
		die "$REFUSED" "the settings of our sessions do not reach the server at ${PGHOST:-its socket}:${PGPORT:-5432}: not through a transaction pooler, it has to be the server itself. Nothing was touched."
	clock=$((clock - $(date +%s)))
	((clock > -300 && clock < 300)) || log "warning: the server's clock and ours differ by ${clock#-} s: the names and ages of sets are by ours"
	sed 1d "$WORK/role" | into "$WORK/limits"
	[[ "$superuser" == off ]] || return 0
	json_text ROLE "$name"
	PSQL+=(-v superuser=off -v sees_objects="$objects")
	# What else it says takes a superuser, as do the event triggers that it is about.
	RESTORING="-c local_preload_libraries= -c synchronous_commit=off -c array_nulls=on"
}
