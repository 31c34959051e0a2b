# What is in a database, as sorted lines that can be compared: taken in the dump's snapshot for the manifest, and
# again after a restore. Also whether a database is empty.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# A variable of psql, for the sessions that list relations only: in a dump `:user_relations` may mean something else.
read_text USER_RELATIONS sql/user_relations.sql
read_text SQL_SESSION sql/session.sql
read_text SQL_NO_TIME_LIMIT sql/no_time_limit.sql
read_text SQL_CONTENTS sql/contents.sql
read_text SQL_EMPTY sql/empty.sql
read_text AWK_TIDY awk/tidy.awk

# The names of databases that a restore makes beside and puts aside; no other database has such a name.
LEFTOVER='^brewget_(load|drop)_[0-9]{8}_[0-9]{6}_[0-9]+$'

# usage: contents_sql full|rows [held] [generated] [numbers]   The query (sql/contents.sql), in a transaction of its own, or in one
# that is held open beside pg_dump. The last two: hashes as earlier scripts took them.
contents_sql() {
	local full=false generated=false numbers=false begin='BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;' end='COMMIT;'

	[[ "$1" != full ]] || full=true
	[[ -z "${3:-}" ]] || generated=true
	[[ -z "${4:-}" ]] || numbers=true
	printf '\\set full %s\n\\set generated %s\n\\set numbers %s\n' "$full" "$generated" "$numbers"
	if [[ -n "${2:-}" ]]; then
		# Counting is done long before the dump is: workers would only take processors away from it.
		begin="" end=""
		[[ $full == true ]] || begin='SET max_parallel_workers_per_gather = 0;'
	fi
	printf '%s\n' "$SQL_SESSION" "$SQL_NO_TIME_LIMIT" "$begin" "$SQL_CONTENTS" "$end"
}

# usage: contents_tidy full|rows < LINES
contents_tidy() { awk -F '\t' -v OFS='\t' -v hashes="$1" "$AWK_TIDY" | sort; }
