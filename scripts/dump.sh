#!/usr/bin/env bash
# Dumps the globals and the databases: the part of backup.sh that talks to PostgreSQL. Sourced, never run.
# Leaves for database number I in WORK: contents.I, sequences.I, settings.I (lines with JSON strings), snapshot.I, size.I.
[[ -z "${DUMP_SH_READ:-}" ]] || return 0
DUMP_SH_READ=1

# shellcheck source=contents.sh
source "${BASH_SOURCE[0]%/*}/contents.sh"
# shellcheck source=globals.sh
source "$SCRIPTS/globals.sh"
# shellcheck source=readback.sh
source "$SCRIPTS/readback.sh"

# How long a dump waits for a table that somebody has locked (VACUUM FULL, ALTER TABLE), in seconds.
TABLE_WAIT=300

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

# usage: compression   With its level.
compression() {
	case "$BACKUP_COMPRESSION" in
	zstd) echo zstd:3 ;;
	gzip) echo gzip:6 ;;
	*) echo "$BACKUP_COMPRESSION" ;;
	esac
}

# usage: compress FILE < TEXT   For the globals; databases are compressed by pg_dump itself.
compress() {
	local level

	level="$(compression)"
	level="${level#*:}"
	case "$BACKUP_COMPRESSION" in
	zstd*) zstd -q "-$((level > 19 ? 19 : level))" -c >"$1" ;;
	gzip*) gzip "-$level" -c >"$1" ;;
	none) cat >"$1" ;;
	esac
}

# usage: hold_snapshot INDEX DATABASE   Exports a snapshot and keeps it, with all tables locked against changes of their
# form: dump and hashes see the same rows. Sets SNAPSHOT. Tells by it the database's settings (WORK/settings.INDEX) and
# which sequences there are (WORK/sequence.keys): at once, as roles' names do not come from a snapshot.
hold_snapshot() {
	local line keys settings

	keys="$(sequence_keys_sql)"
	settings="$(database_settings_sql)"
	coproc HOLDER { PGDATABASE="$2" exec "${PSQL[@]}" -v work="$WORK" 2>"$WORK/holder.err"; }
	HOLDER_IN="${HOLDER[1]}"
	HOLDER_OUT="${HOLDER[0]}"
	# shellcheck disable=SC2153 # set by coproc
	HOLDER_PROCESS="$HOLDER_PID"
	# Without the locks, TRUNCATE between two readers' first looks would show them different rows.
	# One that could not even connect is noticed below.
	cat >&"$HOLDER_IN" <<-SQL || true
		SET lock_timeout = '${TABLE_WAIT}s';
		SET idle_in_transaction_session_timeout = 0;
		$NO_TIME_LIMIT
		BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
		SELECT pg_export_snapshot();
		SELECT 'LOCK TABLE ONLY ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ') || ' IN ACCESS SHARE MODE'
		$USER_RELATIONS AND c.relkind = 'r' HAVING count(*) > 0 \gexec
		\o :work/sequence.keys
		$keys
		\o :work/settings.$1
		$settings
		\o
		\echo held
	SQL
	SNAPSHOT=""
	while IFS= read -r line <&"$HOLDER_OUT"; do
		if [[ "$line" == held ]]; then break; fi
		SNAPSHOT="$line"
	done
	[[ "${line:-}" == held && "$SNAPSHOT" =~ ^[0-9A-F-]+$ ]] || write_failed "cannot take a snapshot of $2" "$WORK/holder.err"
}

# usage: drop_snapshot   The holder has to be alive to the end: it is what made dump and hashes equal.
drop_snapshot() {
	local input="$HOLDER_IN"

	printf '%s\n' 'COMMIT;' '\q' >&"$input" || true # a holder that died is noticed by its status
	exec {input}>&-
	wait "$HOLDER_PROCESS" || write_failed "the snapshot's session ended too early" "$WORK/holder.err"
}

# usage: stop_helpers   Nothing of ours goes on after us, holds the lock or writes into WORK.
stop_helpers() {
	local processes

	processes="$(jobs -p -r)"
	# shellcheck disable=SC2086 # numbers
	[[ -z "$processes" ]] || kill $processes 2>/dev/null || true # it may have ended by itself
	wait || true
}

# usage: dump_database INDEX DATABASE DIRECTORY FILE
dump_database() {
	local index="$1" database="$2" target="$3/$4" options=() reader compression

	hold_snapshot "$index" "$database"
	printf '%s\n' "$SNAPSHOT" >"$WORK/snapshot.$index"
	{
		contents_sql "$BACKUP_HASHES" "$SNAPSHOT"
		# What a drill needs room for.
		printf '\\o :work/%s\n%s\n' "size.$index" 'SELECT pg_database_size(current_database());'
	} >"$WORK/contents.sql"
	# At the same time as pg_dump: both mostly wait for the server, and the rows are in its cache.
	# Not by a function: the process that stop_helpers ends is to be psql itself.
	PGDATABASE="$database" "${PSQL[@]}" -v work="$WORK" -f "$WORK/contents.sql" >"$WORK/contents.raw" 2>"$WORK/contents.err" &
	reader=$!
	compression="$(compression)"
	options=(--snapshot="$SNAPSHOT" --lock-wait-timeout="${TABLE_WAIT}s" --no-tablespaces --no-password
		--compress="$compression" --file="$target")
	case "$BACKUP_FORMAT" in
	plain) options+=(--format=plain) ;;
	directory) options+=(--format=directory --jobs="$BACKUP_JOBS") ;;
	esac
	PGDATABASE="$database" pg_dump "${options[@]}" 2>"$WORK/dump.err" || write_failed "pg_dump of $database" "$WORK/dump.err"
	step dumped
	wait "$reader" || write_failed "cannot read the contents of $database" "$WORK/contents.err"
	tidy_contents "$BACKUP_HASHES" <"$WORK/contents.raw" | into "$WORK/contents.$index"
	grep -q '^large_objects' "$WORK/contents.$index" || # the last that is asked
		die "$UNREACHABLE" "the contents of $database were not read to their end. No set was published; the next run starts afresh."
	drop_snapshot
	read_back "$index" "$target"
}

# usage: sequence_keys_sql   schema TAB name TAB the sequence as pg_dump writes it in setval; all as JSON.
sequence_keys_sql() {
	cat <<SQL
SELECT to_json(n.nspname::text), to_json(c.relname::text), to_json(format('%I.%I', n.nspname, c.relname))
$USER_RELATIONS AND c.relkind = 'S';
SQL
}

# usage: dump_globals DIRECTORY FILE   Roles without the bootstrap superuser (WORK/superuser), whom every server has.
dump_globals() {
	pg_dumpall --globals-only --no-tablespaces --no-password >"$WORK/globals.all" 2>"$WORK/dump.err" ||
		write_failed "pg_dumpall --globals-only" "$WORK/dump.err"
	grep -q -x -e '-- PostgreSQL database cluster dump complete' "$WORK/globals.all" ||
		die "$UNREACHABLE" "pg_dumpall did not write its last line"
	filter_globals "$WORK/superuser" 1 <"$WORK/globals.all" | into "$WORK/globals.sql"
	compress "$1/$2" <"$WORK/globals.sql" || die "$NO_SPACE" "cannot write $2 to the store"
	read_file "$1/$2" | cmp -s - "$WORK/globals.sql" || die "$NO_SPACE" "$2 does not read back as it was written"
	rm -f -- "$WORK/globals.all" "$WORK/globals.sql"
	step globals
}
