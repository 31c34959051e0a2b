# What is in a database, as sorted lines that can be compared: taken in the dump's snapshot for the manifest, and
# again after a restore. Also whether a database is empty.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# A variable of psql, for the sessions that list relations only: in a dump `:user_relations` may mean something else.
read_text USER_RELATIONS sql/user_relations.sql
read_text SQL_SESSION sql/session.sql
read_text SQL_NO_TIME_LIMIT sql/no_time_limit.sql
read_text SQL_READERS sql/readers.sql
read_text SQL_CONTENTS sql/contents.sql
read_text SQL_EMPTY sql/empty.sql
read_text AWK_TIDY awk/tidy.awk

# The names of databases that a restore makes beside and puts aside; no other database has such a name.
LEFTOVER='^brewget_(load|drop)_[0-9]{8}_[0-9]{6}_[0-9]+$'

# usage: contents_sql [full] [generated] [numbers] [by_column] [held]   The query (sql/contents.sql): those of its variables that are true.
contents_sql() {
	printf '\\set %s false\n' full generated numbers by_column held
	printf '\\set %s true\n' "$@"
	printf '%s\n' "$SQL_SESSION" "$SQL_NO_TIME_LIMIT" "$SQL_READERS" "$SQL_CONTENTS"
}

# usage: contents_tidy full|rows < LINES
contents_tidy() { awk -F '\t' -v OFS='\t' -v hashes="$1" "$AWK_TIDY" | sort; }
