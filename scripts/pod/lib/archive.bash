# Loads a dump of a set into an empty database: everything that the server takes. What it refuses is tried again when
# all else is there, and what it still refuses is left in WORK/refused, with the server's sentence. Whether the result is
# equal is not decided here (compare.bash).
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_OWN_PATH sql/own_path.sql
read_text SQL_CHECKS sql/checks.sql
read_text AWK_OWN_PATH awk/own_path.awk
read_text AWK_SENTENCE awk/sentence.awk
read_text AWK_REFUSED awk/refused.awk
read_text SQL_TRIGGERS_ASLEEP sql/triggers_asleep.sql
read_text SQL_TRIGGERS_AWAKE sql/triggers_awake.sql
read_text SQL_ROWLESS sql/rowless.sql

# psql that goes on after an error and says its code: SQLSTATE, not words, tells what kind of error it was.
ARCHIVE_PSQL=(psql -X -q -A -t -w -v VERBOSITY=verbose)

# usage: archive_load FILE DATABASE   Status 69 where a program failed or the server went away; else 0, with lines in WORK/refused:
# entry of the archive's table of contents TAB SQLSTATE TAB sentence, and in WORK/not_valid: identity of a constraint TAB sentence.
archive_load() {
	local section failed=""

	: >"$WORK/refused"
	: >"$WORK/not_valid"
	: >"$WORK/validate"
	: >"$WORK/load.err"
	for section in pre-data data post-data; do
		archive_section "$section" "$@" && continue
		# What broke off has not tried the rest: that is no refusal.
		tail -n 1 "$WORK/load.err" | grep -q 'errors ignored on restore' || return 69
		failed=1
	done
	[[ -z "$failed" ]] || archive_again "$@"
}

# usage: archive_section SECTION FILE DATABASE   By several workers, which tell (verbose) what was refused. All rows come before the
# first index: one may call a function that reads another table.
archive_section() {
	pg_restore --verbose --no-password --section="$1" --jobs="$BACKUP_JOBS" --dbname="$(psql_connection_string "$3")" "$2" >/dev/null 2>>"$WORK/load.err"
}

# usage: archive_again FILE DATABASE   The rest, after all that could be loaded, in the archive's order.
archive_again() {
	local late=""

	pg_restore --list "$1" >"$WORK/toc" 2>>"$WORK/load.err" || return 69
	psql_run "$2" -v user_relations="$USER_RELATIONS" -v held=false <<<"$SQL_READERS$SQL_ROWLESS" >"$WORK/rowless" || return 69
	awk "$AWK_REFUSED" "$WORK/load.err" "$WORK/rowless" "$WORK/toc" | into "$WORK/refused" || return $?
	[[ -s "$WORK/refused" ]] || return 69 # a program failed, not one of its statements
	if grep -q -E "$TABLE_ROWS" "$WORK/refused"; then late=1; fi
	archive_rounds archive_rows "$@" || return $?
	# Rows come before the rules about them.
	if grep -q -E "$TABLE_ROWS" "$WORK/refused"; then archive_rounds archive_rows_unchecked "$@" && archive_validate "$2" || return $?; fi
	[[ -z "$late" ]] || archive_fill_again "$@"
}

# usage: archive_fill_again FILE DATABASE   Materialized views were filled before the rows that came late.
archive_fill_again() {
	awk -F '\t' 'FILENAME == ARGV[1] { refused[$1] = 1; print; next } / MATERIALIZED VIEW DATA / && !($0 in refused)' "$WORK/refused" "$WORK/toc" | into "$WORK/again" || return 69
	mv -- "$WORK/again" "$WORK/refused"
	archive_rounds archive_rows "$@"
}

# An entry of the table of contents that holds a table's rows.
TABLE_ROWS='^[0-9]+; 0 [0-9]+ TABLE DATA '

# An entry's schema, where it is one plain word; sql/own_path.sql asks for it.
ENTRY_SCHEMA='^[0-9]+; [0-9]+ [0-9]+ [A-Z ]+ ([a-z_][a-z0-9_]*) '

# usage: archive_rounds HOW FILE DATABASE   Until a round brings nothing. HOW loads rows.
archive_rounds() {
	local before left entry options="$PGOPTIONS"
	local -x PGOPTIONS

	PGOPTIONS="$options"
	left="$(awk 'END { print NR }' "$WORK/refused")"
	before=$((left + 1))
	while ((left > 0 && left < before)); do
		before=$left
		cut -f 1 "$WORK/refused" | into "$WORK/again" || return 69
		: >"$WORK/still"
		while IFS= read -r entry <&3; do
			printf '%s\n' "$entry" >"$WORK/entry"
			PGOPTIONS="$options"
			[[ ! "$entry" =~ $ENTRY_SCHEMA ]] || PGOPTIONS+=" -c brewget.schema=${BASH_REMATCH[1]}"
			if [[ "$entry" =~ $TABLE_ROWS ]]; then "$1" "$2" "$3"; else archive_entry "$2" "$3"; fi >/dev/null 2>"$WORK/entry.err" || true
			awk -v entry="$entry" "$AWK_SENTENCE" "$WORK/entry.err" | onto "$WORK/still" || return 69
		done 3<"$WORK/again"
		psql_run "$CONTROL" -c 'SELECT' >"$WORK/alive" 2>&1 || return 69
		mv -- "$WORK/still" "$WORK/refused"
		left="$(awk 'END { print NR }' "$WORK/refused")"
	done
}

# usage: archive_entry FILE DATABASE   The entry in WORK/entry, as text: with the search_path that the application's sessions have.
archive_entry() {
	pg_restore --use-list="$WORK/entry" --file=- "$1" | OWN_PATH="$SQL_OWN_PATH" awk "$AWK_OWN_PATH" | PGDATABASE="$2" "${ARCHIVE_PSQL[@]}"
}

# usage: archive_rows FILE DATABASE   The same of a table's rows. psql reads the statement as an argument: were it refused, rows
# that follow it in a script would be read as commands.
archive_rows() {
	pg_restore --use-list="$WORK/entry" --file=- "$1" | {
		while IFS= read -r line && [[ "$line" != "COPY "* ]]; do :; done
		PGDATABASE="$2" "${ARCHIVE_PSQL[@]}" -c "$SQL_OWN_PATH" -c "$SQL_TRIGGERS_ASLEEP" -c "$line" -c "$SQL_TRIGGERS_AWAKE"
	}
}

# usage: archive_rows_unchecked FILE DATABASE   The same without the table's check constraints, which come back not validated, as
# PostgreSQL keeps a constraint that is older rows' business no more; the statements that validate them go into WORK/validate.
archive_rows_unchecked() {
	local line name

	line="$(pg_restore --use-list="$WORK/entry" --file=- "$1" | awk '/^COPY / { if (!n++) print }')"
	[[ "$line" =~ ^COPY\ (.*)\ (\(.*\))?\ FROM\ stdin\;$ ]] || return 1
	name="${BASH_REMATCH[1]}"
	psql_run "$2" -v name="$name" -v work="$WORK" <<<"$SQL_CHECKS" || return 1
	psql_run "$2" -1 -f "$WORK/checks.drop" || return 1
	archive_rows "$1" "$2" || true # what was refused is in its messages
	cat -- "$WORK/checks.validate" >>"$WORK/validate"
	psql_run "$2" -1 -f "$WORK/checks.add"
}

# usage: archive_validate DATABASE   The constraints that archive_rows_unchecked took away, once all rows are there: they may read
# other tables. Those that their rows do not allow go into WORK/not_valid.
archive_validate() {
	local statement query

	while IFS=$'\t' read -r statement query <&3; do
		PGDATABASE="$1" "${ARCHIVE_PSQL[@]}" -c "$SQL_OWN_PATH" -c "$statement" >/dev/null 2>"$WORK/checks.err" || {
			awk -v entry=check "$AWK_SENTENCE" "$WORK/checks.err" | into "$WORK/checks.why" && archive_machine "$WORK/checks.why" || return 69
			psql_run "$1" -c "$query" >"$WORK/checks.left" || return 69
			awk -F '\t' -v OFS='\t' 'FILENAME == ARGV[1] { why = $3; next } { print $0, why }' "$WORK/checks.why" "$WORK/checks.left" | onto "$WORK/not_valid"
		}
	done 3<"$WORK/validate"
}

# usage: archive_machine FILE   73 or 69 if one of the refusals in it (awk/sentence.awk) speaks of the machine (SQLSTATE classes 53 and
# 57P, 58030), with WHY; else 0.
archive_machine() {
	WHY="$(awk -F '\t' '$2 ~ /^(53|57P|58030)/ { print $2 " " $3; exit }' "$1")"
	case "$WHY" in
	'') return 0 ;;
	53100*) return 73 ;;
	*) return 69 ;;
	esac
}
