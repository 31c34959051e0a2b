# Dumps the globals and the databases, and reads back what pg_dump wrote: the part of backup.sh that talks to PostgreSQL.
# Leaves for database number I in WORK: contents.I, sequences.I, settings.I (lines with JSON strings), snapshot.I, size.I.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_HOLD_SNAPSHOT sql/hold_snapshot.sql
read_text AWK_SETVAL awk/setval.awk

# How long a dump waits for a table that somebody has locked (VACUUM FULL, ALTER TABLE), in seconds.
TABLE_WAIT=300

# usage: dump_file_name DATABASE   All but letters, digits, _ and - percent-encoded; `globals` is taken.
dump_file_name() {
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

# usage: dump_extension   What BACKUP_COMPRESSION puts behind .sql
dump_extension() {
	case "$BACKUP_COMPRESSION" in
	zstd*) echo .zst ;;
	gzip*) echo .gz ;;
	none) echo '' ;;
	esac
}

# usage: dump_compression   With its level.
dump_compression() {
	case "$BACKUP_COMPRESSION" in
	zstd) echo zstd:3 ;;
	gzip) echo gzip:6 ;;
	*) echo "$BACKUP_COMPRESSION" ;;
	esac
}

# usage: dump_compress FILE < TEXT   For the globals; databases are compressed by pg_dump itself.
dump_compress() {
	local level

	level="$(dump_compression)"
	level="${level#*:}"
	case "$BACKUP_COMPRESSION" in
	zstd*) zstd -q "-$((level > 19 ? 19 : level))" -c >"$1" ;;
	gzip*) gzip "-$level" -c >"$1" ;;
	none) cat >"$1" ;;
	esac
}

# usage: dump_hold_snapshot INDEX DATABASE   Exports a snapshot and keeps it, with all tables locked against changes of their
# form: dump and hashes see the same rows. Sets SNAPSHOT. Tells by it the database's settings (WORK/settings.INDEX) and
# which sequences there are (WORK/sequence.keys): at once, as roles' names do not come from a snapshot.
dump_hold_snapshot() {
	local line

	coproc HOLDER {
		PGDATABASE="$2" exec "${PSQL[@]}" -v user_relations="$USER_RELATIONS" -v wait="${TABLE_WAIT}s" -v keys="$WORK/sequence.keys" \
			-v settings="$WORK/settings.$1" 2>"$WORK/holder.err"
	}
	HOLDER_IN="${HOLDER[1]}"
	HOLDER_OUT="${HOLDER[0]}"
	# shellcheck disable=SC2153 # set by coproc
	HOLDER_PROCESS="$HOLDER_PID"
	# One that could not even connect is noticed below.
	printf '%s' "$SQL_NO_TIME_LIMIT" "$SQL_HOLD_SNAPSHOT" "$SQL_DATABASE_SETTINGS" $'\\o\n\\echo held\n' >&"$HOLDER_IN" || true
	SNAPSHOT=""
	while IFS= read -r line <&"$HOLDER_OUT"; do
		if [[ "$line" == held ]]; then break; fi
		SNAPSHOT="$line"
	done
	[[ "${line:-}" == held && "$SNAPSHOT" =~ ^[0-9A-F-]+$ ]] || store_write_failed "cannot take a snapshot of $2" "$WORK/holder.err"
}

# usage: dump_drop_snapshot   The holder has to be alive to the end: it is what made dump and hashes equal.
dump_drop_snapshot() {
	local input="$HOLDER_IN"

	printf '%s\n' 'COMMIT;' '\q' >&"$input" || true # a holder that died is noticed by its status
	exec {input}>&-
	wait "$HOLDER_PROCESS" || store_write_failed "the snapshot's session ended too early" "$WORK/holder.err"
}

# usage: dump_stop_helpers   Nothing of ours goes on after us, holds the lock or writes into WORK.
dump_stop_helpers() {
	local processes

	processes="$(jobs -p -r)"
	# shellcheck disable=SC2086 # numbers
	[[ -z "$processes" ]] || kill $processes 2>/dev/null || true # it may have ended by itself
	wait || true
}

# usage: dump_database INDEX DATABASE DIRECTORY FILE
dump_database() {
	local index="$1" database="$2" target="$3/$4" options=() reader compression

	dump_hold_snapshot "$index" "$database"
	printf '%s\n' "$SNAPSHOT" >"$WORK/snapshot.$index"
	{
		contents_sql "$BACKUP_HASHES" "$SNAPSHOT"
		# What a verification needs room for.
		printf '\\o :work/%s\n%s\n' "size.$index" 'SELECT pg_database_size(current_database());'
	} >"$WORK/contents.sql"
	# At the same time as pg_dump: both mostly wait for the server, and the rows are in its cache.
	# Not by a function: the process that dump_stop_helpers ends is to be psql itself.
	PGDATABASE="$database" "${PSQL[@]}" -v user_relations="$USER_RELATIONS" -v work="$WORK" -f "$WORK/contents.sql" >"$WORK/contents.raw" 2>"$WORK/contents.err" &
	reader=$!
	compression="$(dump_compression)"
	options=(--snapshot="$SNAPSHOT" --lock-wait-timeout="${TABLE_WAIT}s" --no-tablespaces --no-password
		--compress="$compression" --file="$target")
	case "$BACKUP_FORMAT" in
	plain) options+=(--format=plain) ;;
	directory) options+=(--format=directory --jobs="$BACKUP_JOBS") ;;
	esac
	PGDATABASE="$database" pg_dump "${options[@]}" 2>"$WORK/dump.err" || store_write_failed "pg_dump of $database" "$WORK/dump.err"
	step dumped
	wait "$reader" || store_write_failed "cannot read the contents of $database" "$WORK/contents.err"
	contents_tidy "$BACKUP_HASHES" <"$WORK/contents.raw" | into "$WORK/contents.$index"
	grep -q '^large_objects' "$WORK/contents.$index" || # the last that is asked
		die "$UNREACHABLE" "the contents of $database were not read to their end. No set was published; the next run starts afresh."
	dump_drop_snapshot
	dump_read_back "$index" "$target"
}

# usage: dump_globals DIRECTORY FILE   Roles without the bootstrap superuser (WORK/superuser), whom every server has.
dump_globals() {
	pg_dumpall --globals-only --no-tablespaces --no-password >"$WORK/globals.all" 2>"$WORK/dump.err" ||
		store_write_failed "pg_dumpall --globals-only" "$WORK/dump.err"
	grep -q -x -e '-- PostgreSQL database cluster dump complete' "$WORK/globals.all" ||
		die "$UNREACHABLE" "pg_dumpall did not write its last line"
	globals_filter "$WORK/superuser" 1 <"$WORK/globals.all" | into "$WORK/globals.sql"
	dump_compress "$1/$2" <"$WORK/globals.sql" || die "$NO_SPACE" "cannot write $2 to the store"
	set_read_file "$1/$2" | cmp -s - "$WORK/globals.sql" || die "$NO_SPACE" "$2 does not read back as it was written"
	rm -f -- "$WORK/globals.all" "$WORK/globals.sql"
	step globals
}

# Bytes behind the last row in which the sequences' values are looked for first: indexes, keys and triggers of a hundred
# tables or so. Not more, as busybox' tail moves all of it with each block it reads.
END_OF_DUMP=16384

# usage: dump_read_back INDEX TARGET   Every byte of a dump, decompressed (pg_restore --list reads only the head of an
# archive, and ends the pipe: cagriekin/charts#230): a full disk or a bad one shows here, not at
# restore. Takes the sequences' values on the way: they are not transactional, so only the dump knows what it saved.
dump_read_back() {
	local index="$1" target="$2" sequences="$WORK/sequences.$1"

	{
		if [[ -d "$target" ]]; then
			dump_read_archive "$index" "$target" && dump_sequences_of "$WORK/setval" | into "$sequences"
		elif [[ ! -s "$WORK/sequence.keys" && "$target" != *.sql ]]; then
			# Nothing is looked for in it, and the compressed form knows its own end.
			dump_read_whole "$target" && : >"$sequences"
		else
			{ dump_sequences_at_end "$target" | into "$sequences" || dump_sequences_of "$target" | into "$sequences"; } && dump_has_end "$target"
		fi
	} 2>"$WORK/readback.err" || store_write_failed "cannot read back ${target##*/}" "$WORK/readback.err" "$NO_SPACE"
	if grep -q 'null$' "$sequences"; then
		log "warning: the value of a sequence in ${target##*/} could not be read; it will not be compared"
	fi
	step read-back
}

# usage: dump_has_end FILE   The last line that counts is \unrestrict, where the first was \restrict. A compressed file knows its
# own end.
dump_has_end() {
	local key

	[[ "$1" == *.sql ]] || return 0
	key="$(head -n 10 "$1" | sed -n 's/^\\restrict //p')"
	[[ -z "$key" ]] || tail -n 3 "$1" | grep -q -x -F "\\unrestrict $key" || {
		echo "its last line is missing" >&2
		return 1
	}
}

# usage: dump_read_whole PATH   Every byte of a file, or of a directory's files, decompressed. An empty large object is an
# empty .zst.
dump_read_whole() {
	find "$1" -type f -name '*.zst' ! \( -name 'blob_[0-9]*.dat.zst' -size 0 \) -print0 | xargs -0 -r zstd -q -t -- &&
		find "$1" -type f -name '*.gz' -print0 | xargs -0 -r gzip -t -- &&
		find "$1" -type f ! -name '*.zst' ! -name '*.gz' -print0 | xargs -0 -r cat -- >/dev/null
}

# usage: dump_read_archive INDEX DIRECTORY   Reads all of it, and writes its setval lines into WORK/setval. (pg_restore would
# read it all too, but makes a text of it that nobody needs, with one processor.)
dump_read_archive() {
	local directory="$2" tables objects listed

	dump_read_whole "$directory" && pg_restore --list "$directory" | into "$WORK/toc" || return $?
	# The second field is 0 for rows; else somebody's schema is named DATA.
	tables="$(awk '$2 == 0 && $4 == "TABLE" && $5 == "DATA" { n++ } END { print n + 0 }' "$WORK/toc")"
	objects="$(awk -F '\t' '$1 == "large_objects" { print $2 }' "$WORK/contents.$1")"
	dump_require_files "$directory" '[0-9]*.dat*' "$tables" && dump_require_files "$directory" 'blob_*.dat*' "$objects" || return $?
	listed="$(find "$directory" -type f -name 'blobs*.toc' -print0 | xargs -0 -r cat | awk '/^[0-9]+ blob_[0-9]+\.dat$/ { n++ } END { print n + 0 }')"
	if [[ "$objects" != "$listed" ]]; then
		echo "of $objects large objects $listed are listed" >&2
		return 1
	fi
	{ grep ' SEQUENCE SET ' "$WORK/toc" || (($? == 1)); } | into "$WORK/toc.sequences" || return $? # a database may have none
	pg_restore --use-list="$WORK/toc.sequences" --file="$WORK/setval" "$directory"
}

# usage: dump_require_files DIRECTORY PATTERN COUNT
dump_require_files() {
	local found

	found="$(find "$1" -type f -name "$2" | awk 'END { print NR }')"
	[[ "$found" == "$3" ]] || {
		echo "$3 files $2 are needed, there are $found" >&2
		return 1
	}
}

# usage: dump_sequences_at_end FILE   As dump_sequences_of, from what follows the rows: the file is read whole, but only its end
# is searched, which saves most of the time (busybox' grep is slow). Status 1 where that end is longer than thought.
dump_sequences_at_end() {
	local lines found

	lines="$(awk 'END { print NR }' "$WORK/sequence.keys")"
	set_read_file "$1" | tail -c "$((END_OF_DUMP + 256 * lines))" | into "$WORK/end" || return 1
	# After the last row's end mark nothing is in the middle of a COPY.
	grep -q -x -F '\.' "$WORK/end" || return 1
	found="$(awk 'after { print } $0 == "\\." { after = 1 }' "$WORK/end" | awk -v keys="$WORK/sequence.keys" "$AWK_SETVAL" | sort)" || return 1
	[[ "$found" != *null* ]] || return 1
	[[ -z "$found" ]] || printf '%s\n' "$found"
}

# usage: dump_sequences_of FILE
dump_sequences_of() {
	set_read_file "$1" |
		grep -F -e 'FROM stdin;' -e '\.' -e 'pg_catalog.setval(' -e '-- PostgreSQL database dump complete' |
		awk -v keys="$WORK/sequence.keys" "$AWK_SETVAL" | sort
}
