#!/usr/bin/env bash
# Dumps one database, and reads back what was written: the part of backup.sh that talks to PostgreSQL. Sourced, never run.
# Leaves for database number I in WORK: contents.I, sequences.I, settings.I (sorted lines with JSON strings), snapshot.I.
[[ -z "${DUMP_SH_READ:-}" ]] || return 0
DUMP_SH_READ=1

# shellcheck source=contents.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/contents.sh"
# shellcheck source=globals.sh
source "$SCRIPTS/globals.sh"

# How long a dump waits for a table that somebody has locked (VACUUM FULL, ALTER TABLE), in seconds.
TABLE_WAIT=300
# Bytes behind the last row in which the sequences' values are looked for first: indexes, keys and triggers of a hundred
# tables or so. Not more, as busybox' tail moves all of it with each block it reads.
END_OF_DUMP=16384
# The process that reads the rows' hashes beside pg_dump, to be ended with us.
READER=""

# usage: file_name DATABASE   All but letters, digits, _ and - percent-encoded; `globals` is taken.
file_name() {
	local name="$1" out="" char i

	for ((i = 0; i < ${#name}; i++)); do
		char="${name:i:1}"
		# In the C locale a character is a byte.
		[[ "$char" == [A-Za-z0-9_-] ]] || printf -v char '%%%02X' "$(($(printf '%d' "'$char") & 255))"
		out+="$char"
	done
	[[ "$out" != globals ]] || out='%67lobals'
	printf '%s\n' "$out"
}

# usage: extension   What BACKUP_COMPRESSION puts behind .sql
extension() {
	case "$BACKUP_COMPRESSION" in
	zstd*) echo .zst ;;
	gzip*) echo .gz ;;
	none) echo '' ;;
	esac
}

# usage: compress FILE < TEXT   For the globals; databases are compressed by pg_dump itself.
compress() {
	local level="${BACKUP_COMPRESSION#*:}"

	[[ "$BACKUP_COMPRESSION" == *:* ]] || level=3
	case "$BACKUP_COMPRESSION" in
	zstd*) zstd -q "-$((level > 19 ? 19 : level))" -c >"$1" ;;
	gzip*) gzip "-$level" -c >"$1" ;;
	none) cat >"$1" ;;
	esac
}

# usage: write_failed WHAT LOG [STATUS]   Ends with 73 where the disk is full, else with STATUS (69); PostgreSQL's message.
write_failed() {
	local said free

	said="$(tail -n 3 "$2" | tr '\n' ' ')"
	free="$(free_bytes "$BACKUP_ROOT")"
	if ((free < 1048576)) || grep -q -i 'no space left\|quota exceeded\|read-only file system\|input/output error' "$2"; then
		die "$NO_SPACE" "$1: cannot write to the store ($free bytes free): $said. No set was published, none was removed."
	fi
	die "${3:-$UNREACHABLE}" "$1: $said. No set was published; the next run starts afresh."
}

# usage: hold_snapshot DATABASE   Exports a snapshot and keeps it, with all tables locked against changes of their
# form: dump and hashes see the same rows. Sets SNAPSHOT.
hold_snapshot() {
	local line

	coproc HOLDER {
		trap - ERR
		sql "$1" 2>"$WORK/holder.err"
	}
	HOLDER_IN="${HOLDER[1]}"
	HOLDER_OUT="${HOLDER[0]}"
	# shellcheck disable=SC2153 # set by coproc
	HOLDER_PROCESS="$HOLDER_PID"
	# Without the locks, TRUNCATE between two readers' first looks would show them different rows.
	cat >&"$HOLDER_IN" <<-SQL
		SET lock_timeout = '${TABLE_WAIT}s';
		SET idle_in_transaction_session_timeout = 0;
		BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
		SELECT pg_export_snapshot();
		SELECT 'LOCK TABLE ONLY ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ') || ' IN ACCESS SHARE MODE'
		$USER_RELATIONS AND c.relkind = 'r' HAVING count(*) > 0 \gexec
		\echo held
	SQL
	SNAPSHOT=""
	while IFS= read -r line <&"$HOLDER_OUT"; do
		if [[ "$line" == held ]]; then break; fi
		SNAPSHOT="$line"
	done
	[[ "${line:-}" == held && "$SNAPSHOT" =~ ^[0-9A-F-]+$ ]] || write_failed "cannot take a snapshot of $1" "$WORK/holder.err"
}

# usage: drop_snapshot   The holder has to be alive to the end: it is what made dump and hashes equal.
drop_snapshot() {
	local input="$HOLDER_IN"

	printf '%s\n' 'COMMIT;' '\q' >&"$input" || true # a holder that died is noticed by its status
	exec {input}>&-
	wait "$HOLDER_PROCESS" || write_failed "the snapshot's session ended too early" "$WORK/holder.err"
}

# usage: stop_reader   Nothing of ours goes on after us.
stop_reader() {
	[[ -z "$READER" ]] || kill "$READER" 2>/dev/null # it may have ended by itself
	return 0
}

# usage: dump_database INDEX DATABASE DIRECTORY FILE
dump_database() {
	local index="$1" database="$2" target="$3/$4" options=()

	hold_snapshot "$database"
	printf '%s\n' "$SNAPSHOT" >"$WORK/snapshot.$index"
	contents_sql "$BACKUP_HASHES" "$SNAPSHOT" >"$WORK/contents.sql"
	# At the same time as pg_dump: both mostly wait for the server, and the rows are in its cache.
	(trap - ERR && sql "$database" -f "$WORK/contents.sql") >"$WORK/contents.raw" 2>"$WORK/contents.err" &
	READER=$!
	options=(--snapshot="$SNAPSHOT" --lock-wait-timeout="${TABLE_WAIT}s" --no-tablespaces --no-password --file="$target")
	case "$BACKUP_FORMAT" in
	plain) options+=(--format=plain) ;;
	directory) options+=(--format=directory --jobs="$BACKUP_JOBS") ;;
	esac
	case "$BACKUP_COMPRESSION" in
	zstd) options+=(--compress=zstd:3) ;;
	gzip) options+=(--compress=gzip:6) ;;
	*) options+=(--compress="$BACKUP_COMPRESSION") ;;
	esac
	PGDATABASE="$database" pg_dump "${options[@]}" 2>"$WORK/dump.err" || write_failed "pg_dump of $database" "$WORK/dump.err"
	step dumped
	wait "$READER" || write_failed "cannot read the contents of $database" "$WORK/contents.err"
	READER=""
	tidy_contents "$BACKUP_HASHES" <"$WORK/contents.raw" >"$WORK/contents.$index"
	{ sequence_keys_sql && printf '%s\n' '\echo --settings' && database_settings_sql; } >"$WORK/keys.sql"
	sql "$database" -f "$WORK/keys.sql" >"$WORK/keys" 2>"$WORK/contents.err" ||
		write_failed "cannot read the settings of $database" "$WORK/contents.err"
	drop_snapshot
	after_line --settings <"$WORK/keys" >"$WORK/settings.$index"
	sed -e '/^--settings$/,$d' "$WORK/keys" >"$WORK/sequence.keys"
	read_back "$index" "$target"
}

# usage: after_line LINE < TEXT   What follows the first such line. (sed's 1,/LINE/d would go on to the second where the
# first is the very first line.)
after_line() { LINE="$1" awk 'found { print } $0 == ENVIRON["LINE"] { found = 1 }'; }

# usage: sequence_keys_sql   schema TAB name TAB the sequence as pg_dump writes it in setval; all as JSON.
sequence_keys_sql() {
	cat <<SQL
SELECT to_json(n.nspname::text), to_json(c.relname::text), to_json(format('%I.%I', n.nspname, c.relname))
$USER_RELATIONS AND c.relkind = 'S';
SQL
}

# The dump's own setval lines, told apart from table data and function bodies that look the same: setval follows
# the last COPY block, a body comes before the first, and inside COPY nothing counts. Fed with the few lines that
# grep lets through. Also sees that the dump has its last line.
# shellcheck disable=SC2016
SETVAL_LINES='
copying { if ($0 == "\\.") copying = 0; next }
/^COPY .* FROM stdin;$/ { copying = 1; for (old in value) delete value[old]; next }
/^-- PostgreSQL database dump complete$/ { complete = 1; next }
/^SELECT pg_catalog\.setval\(\047.*\047, -?[0-9]+, (true|false)\);$/ {
	line = substr($0, 27); match(line, /\047, -?[0-9]+, (true|false)\);$/)
	key = substr(line, 1, RSTART - 1); rest = substr(line, RSTART + 3)
	gsub(/\047\047/, "\047", key); sub(/\);$/, "", rest); sub(/, /, "\t", rest)
	# The same sequence twice: one of them is text that only looks like setval. Neither is believed.
	if (key in value) rest = "null\tnull"
	value[key] = rest
}
END {
	if (!complete) { print "its last line is missing" > "/dev/stderr"; exit 65 }
	while ((getline line < keys) > 0) {
		split(line, k, "\t"); key = substr(k[3], 2, length(k[3]) - 2)
		gsub(/\\\\/, "\001", key); gsub(/\\"/, "\"", key); gsub(/\001/, "\\", key)
		print "sequence\t" k[1] "\t" k[2] "\t" ((key in value) ? value[key] : "null\tnull")
	}
}
'

# usage: read_back INDEX TARGET   Every byte of a dump, decompressed: a full disk or a bad one shows here, not at
# restore. Takes the sequences' values on the way: they are not transactional, so only the dump knows what it saved.
read_back() {
	local index="$1" target="$2" sequences="$WORK/sequences.$1"

	{
		if [[ -d "$target" ]]; then
			read_archive "$target" && sequences_of "$WORK/setval" >"$sequences"
		else
			sequences_at_end "$target" >"$sequences" || sequences_of "$target" >"$sequences"
		fi
	} 2>"$WORK/readback.err" || write_failed "cannot read back ${target##*/}" "$WORK/readback.err" "$NO_SPACE"
	if grep -q 'null$' "$sequences"; then
		log "warning: the value of a sequence in ${target##*/} could not be told; it will not be compared"
	fi
	step read-back
}

# usage: read_archive DIRECTORY   Reads all of it, and writes its setval lines into WORK/setval.
read_archive() {
	pg_restore --file=/dev/null "$1" && pg_restore --list "$1" >"$WORK/toc" || return $?
	grep ' SEQUENCE SET ' "$WORK/toc" >"$WORK/toc.sequences" || true # a database may have none
	pg_restore --use-list="$WORK/toc.sequences" --file="$WORK/setval" "$1"
}

# usage: sequences_at_end FILE   As sequences_of, from what follows the rows: the file is read whole, but only its end
# is searched, which saves most of the time (busybox' grep is slow). Status 1 where that end is longer than thought.
sequences_at_end() {
	local lines found

	lines="$(awk 'END { print NR }' "$WORK/sequence.keys")"
	read_file "$1" | tail -c "$((END_OF_DUMP + 256 * lines))" >"$WORK/end" || return 1
	# After the last row's end mark nothing is in the middle of a COPY.
	grep -q -x -F '\.' "$WORK/end" || return 1
	found="$(after_line '\.' <"$WORK/end" | awk -v keys="$WORK/sequence.keys" "$SETVAL_LINES" | sort)" || return 1
	[[ "$found" != *null* ]] || return 1
	[[ -z "$found" ]] || printf '%s\n' "$found"
}

# usage: sequences_of FILE
sequences_of() {
	read_file "$1" |
		grep -F -e 'FROM stdin;' -e '\.' -e 'pg_catalog.setval(' -e '-- PostgreSQL database dump complete' |
		awk -v keys="$WORK/sequence.keys" "$SETVAL_LINES" | sort
}

# usage: dump_globals DIRECTORY FILE   Roles without the bootstrap superuser (WORK/superuser), whom every server has.
dump_globals() {
	pg_dumpall --globals-only --no-tablespaces --no-password >"$WORK/globals.all" 2>"$WORK/dump.err" ||
		write_failed "pg_dumpall --globals-only" "$WORK/dump.err"
	grep -q -x -e '-- PostgreSQL database cluster dump complete' "$WORK/globals.all" ||
		die "$UNREACHABLE" "pg_dumpall did not write its last line"
	filter_globals "$WORK/superuser" 1 <"$WORK/globals.all" >"$WORK/globals.sql"
	compress "$1/$2" <"$WORK/globals.sql" || die "$NO_SPACE" "cannot write $2 to the store"
	read_file "$1/$2" | cmp -s - "$WORK/globals.sql" || die "$NO_SPACE" "$2 does not read back as it was written"
	rm -f -- "$WORK/globals.all" "$WORK/globals.sql"
	step globals
}
