# The objects of a database, each with its owner, grants and definition: listed beside a dump, and compared after a restore.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_SESSION sql/session.sql
read_text SQL_OBJECTS sql/objects.sql
read_text SQL_OBJECTS_REMAKE sql/objects_remake.sql
read_text AWK_OBJECTS_DIFFER awk/objects_differ.awk

# usage: objects_sql   The query, for a session of its own or one that holds a snapshot: it is one statement.
objects_sql() { printf '%s' "$SQL_SESSION" "$SQL_OBJECTS"; }

# usage: objects_differ [ASSIGNMENT | FILE]...   See awk/objects_differ.awk.
objects_differ() { awk -F '\t' -v OFS='\t' "$@"; }

# usage: objects_compare SAVED_FILE DATABASE   A line a difference: missing, more or differs, classid, objid (as saved, of more as
# found), kind, identity, what differs. Status 69 where it could not be read.
#
# What differs by its definition is made anew from the saved one, and only what is not the same then is told: PostgreSQL does
# not print CHECK (kind IN ('a', 'b')) as it was read.
objects_compare() {
	local found="$WORK/objects.found" ask="$WORK/objects.ask" remade="$WORK/objects.remade"

	objects_sql >"$WORK/objects.sql" || return "$UNREACHABLE"
	psql_run "$2" -f "$WORK/objects.sql" >"$found" || return "$UNREACHABLE"
	objects_differ -v ask=1 "$AWK_OBJECTS_DIFFER" part=1 "$1" part=2 "$found" | into "$ask" || return "$UNREACHABLE"
	: >"$remade"
	if [[ -s "$ask" ]]; then
		printf '%s\n' "$SQL_SESSION" 'BEGIN;' "$SQL_OBJECTS_REMAKE" "$SQL_OBJECTS" 'ROLLBACK;' >"$WORK/objects.sql" || return "$UNREACHABLE"
		psql_run "$2" -f "$WORK/objects.sql" <"$ask" >"$remade" || return "$UNREACHABLE"
	fi
	objects_differ "$AWK_OBJECTS_DIFFER" part=1 "$1" part=2 "$found" part=3 "$remade" | sort || return "$UNREACHABLE"
}
