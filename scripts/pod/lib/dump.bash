# Dumps the globals and the databases, and reads back what pg_dump wrote: the part of backup.sh that talks to PostgreSQL.
# Leaves for database number I in WORK: contents.I, sequences.I, settings.I (lines with JSON strings), snapshot.I, size.I;
# and in written.sums what pg_dump said, in the form of SHA256SUMS.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_HOLD_SNAPSHOT sql/hold_snapshot.sql
read_text SQL_LOCK_HOLDERS sql/lock_holders.sql
read_text AWK_SETVAL awk/setval.awk
read_text AWK_DIRECTORY awk/directory.awk

# What BACKUP_COMPRESSION puts behind the name of a text, and the same with its level.
case "$BACKUP_COMPRESSION" in
zstd*) DUMP_EXTENSION=.zst DUMP_COMPRESSION=zstd:3 ;;
gzip*) DUMP_EXTENSION=.gz DUMP_COMPRESSION=gzip:6 ;;
*) DUMP_EXTENSION="" DUMP_COMPRESSION="$BACKUP_COMPRESSION" ;;
esac
[[ "$BACKUP_COMPRESSION" != *:* ]] || DUMP_COMPRESSION="$BACKUP_COMPRESSION"
[[ -z "$ENCRYPTION_RECIPIENTS" ]] || DUMP_EXTENSION+=.age

# How long a dump waits for a table that somebody has locked (VACUUM FULL, ALTER TABLE), in seconds.
TABLE_WAIT=300
# And how long it waits at a time while it has locks itself: whoever waits for those is waited for by all who want to read.
QUEUE_WAIT=5

# usage: dump_file_name DATABASE INDEX   Of an encrypted set the number alone. All but small letters, digits, _ and - percent-encoded, so that no two names differ by case only (a host's
# file system may not tell them apart); `globals` is taken.
dump_file_name() {
	local name="$1" out="" char i

	for ((i = 0; i < ${#name}; i++)); do
		char="${name:i:1}"
		# In the C locale a character is a byte.
		[[ "$char" == [a-z0-9_-] ]] || printf -v char '%%%02X' "$(($(printf '%d' "'$char") & 255))"
		out+="$char"
	done
	[[ "$out" != globals ]] || out='%67lobals'
	[[ -z "$KEY_PUBLIC" ]] || out="$2"
	printf '%s\n' "$out"
}

# usage: dump_save TEXT DIRECTORY FILE   A text of ours into the set, compressed, and read back. (pg_dump compresses by itself.)
dump_save() {
	local level="${DUMP_COMPRESSION#*:}"

	case "$BACKUP_COMPRESSION" in
	zstd*) zstd -q "-$((level > 19 ? 19 : level))" -c <"$1" ;;
	gzip*) gzip "-$level" -c <"$1" ;;
	none) cat <"$1" ;;
	esac | key_seal "$2/$3" >/dev/null || die "$NO_SPACE" "cannot write $3 to the store"
	make_durable "$2/$3" # what a disk could not take it says here
	set_read_file "$2/$3" | cmp -s - "$1" || die "$NO_SPACE" "$3 does not read back as it was written"
}

# usage: dump_with_snapshot INDEX DATABASE DIRECTORY FILE   Holds a snapshot and runs pg_dump on it, while the holder reads the
# contents. Once more where a table was wanted by somebody else, then with one connection of pg_dump's: several need locks anew,
# and there may be no more. Status 1 where the database is gone.
dump_with_snapshot() {
	local end=$((SECONDS + TABLE_WAIT)) jobs="$BACKUP_JOBS" again=1 status holders told=""

	while true; do
		status=0 holders=""
		: >"$WORK/dump.err"
		dump_hold_snapshot "$1" "$2" || status=$?
		if ((status == 1)); then return 1; fi
		if ((status == 0)); then
			dump_read_contents
			if dump_run "$2" "$3" "$4" "$jobs"; then step dumped && return 0; fi
			((again)) && grep -q 'LOCK TABLE\|could not obtain lock\|connection to server' "$WORK/dump.err" || end=0
			again=0 jobs=1
		fi
		holders="$(psql_run "$2" <<<"$SQL_LOCK_HOLDERS" 2>/dev/null)" || true # for the message only
		# At once: psql cancels what the server still does for it, and that ends it.
		kill -INT "$HOLDER_PROCESS" 2>/dev/null || true
		exec {HOLDER_IN}>&-
		wait "$HOLDER_PROCESS" || true
		# Where the holder died pg_dump says only that its snapshot is gone.
		cat -- "$WORK/holder.err" >>"$WORK/dump.err"
		holders="$2${holders:+, of which others have or want for themselves alone: $holders}"
		((SECONDS < end)) || dump_failed "cannot dump $holders" "$WORK/dump.err"
		[[ -n "$told" ]] || log "trying once more to dump $holders: $(tail -n 1 "$WORK/dump.err")"
		told=1
		sleep 1
	done
}

# usage: dump_failed WHAT LOG   Ends, and says how it can go on.
dump_failed() {
	{ awk "$AWK_NOT_DUMPED" "$2" && printf 'If it is that database: mend it, or name it in backup.skip, and the others get their set'; } >"$WORK/why"
	store_write_failed "$1" "$WORK/why"
}

# usage: dump_hold_snapshot INDEX DATABASE   sql/hold_snapshot.sql. Sets SNAPSHOT: dump and hashes see the same rows. Tells by it the
# database's settings (WORK/settings.INDEX) and which sequences there are (WORK/sequence.keys): at once, as roles' names do not
# come from a snapshot. Status 1 where the database is gone, 2 where another has one of its tables.
dump_hold_snapshot() {
	local line=""

	coproc HOLDER {
		PGDATABASE="$2" exec "${PSQL[@]}" -v user_relations="$USER_RELATIONS" -v queue_wait="${QUEUE_WAIT}s" -v table_wait="${TABLE_WAIT}s" \
			-v work="$WORK" -v index="$1" -v held=false 2>"$WORK/holder.err"
	}
	HOLDER_IN="${HOLDER[1]}"
	HOLDER_OUT="${HOLDER[0]}"
	# shellcheck disable=SC2153 # set by coproc
	HOLDER_PROCESS="$HOLDER_PID"
	# One that could not even connect is noticed below.
	printf '%s' "$SQL_NO_TIME_LIMIT" "$SQL_READERS" "$SQL_HOLD_SNAPSHOT" "$SQL_DATABASE_SETTINGS" $'\\o\n\\echo held\n' >&"$HOLDER_IN" || true
	SNAPSHOT=""
	while IFS= read -r line <&"$HOLDER_OUT"; do
		if [[ "$line" == held && "$SNAPSHOT" =~ ^[0-9A-F-]+$ ]]; then return 0; fi
		SNAPSHOT="$line"
	done
	if [[ "$SNAPSHOT" == locked ]]; then return 2; fi
	if dump_is_gone "$2"; then return 1; fi
	dump_failed "cannot take a snapshot of $2" "$WORK/holder.err"
}

# usage: dump_is_gone DATABASE   0 if somebody has dropped or renamed it since it was listed; 1 if not, or where nobody answers.
dump_is_gone() {
	[[ "$(psql_run "$CONTROL" -v name="$1" <<<"SELECT count(*) FROM pg_database WHERE datname = :'name' AND datconnlimit <> -2" 2>/dev/null)" == 0 ]]
}

# usage: dump_read_contents INDEX   Has the holder read them, while pg_dump works: both mostly wait for the server, and the rows
# are in its cache. In that session, so that nobody who waits for its locks ever stands before us.
dump_read_contents() {
	{
		echo '\o :work/contents.raw'
		contents_sql "$BACKUP_HASHES" by_column held
		printf '\\qecho end\n\\o :work/objects.raw\n'
		objects_sql
		printf '\\qecho end\n\\o :work/size.:index\n%s\n\\o\n' 'SELECT pg_database_size(current_database());'
	} | into "$WORK/contents.sql"
	echo '\i :work/contents.sql' >&"$HOLDER_IN" || true # as above
}

# usage: dump_drop_snapshot DATABASE   The holder has to be alive to the end: it is what made dump and hashes equal. Status 1 where the
# database is gone.
dump_drop_snapshot() {
	printf '%s\n' 'COMMIT;' '\q' >&"$HOLDER_IN" || true # a holder that died is noticed by its status
	exec {HOLDER_IN}>&-
	if wait "$HOLDER_PROCESS"; then return 0; fi
	if dump_is_gone "$1"; then return 1; fi
	dump_failed "cannot read the contents of $1" "$WORK/holder.err"
}

# usage: dump_whole FILE   Its lines but the last, which says that all were written: psql does not notice a full disk.
dump_whole() { awk 'NR > 1 { print last } { last = $0 } END { exit last != "end" }' "$1"; }

# usage: dump_database INDEX DATABASE DIRECTORY FILE OBJECTS   What comes after dump_with_snapshot.
dump_database() {
	local index="$1"

	printf '%s\n' "$SNAPSHOT" >"$WORK/snapshot.$index"
	{ dump_whole "$WORK/contents.raw" | contents_tidy "$BACKUP_HASHES" | into "$WORK/contents.$index" && dump_whole "$WORK/objects.raw" | into "$WORK/objects"; } ||
		die "$UNREACHABLE" "the contents of $2 were not read to their end. No set was published; the next run starts afresh."
	cat -- "$WORK/dump.sum" >>"$WORK/written.sums"
	dump_save "$WORK/objects" "$3" "$5"
	store_make_tree_durable "$3/$4" # or it is our own memory that is read back
	dump_read_back "$index" "$3/$4"
	step read-back
}

# usage: dump_run DATABASE DIRECTORY FILE JOBS   pg_dump on SNAPSHOT, in the database's own encoding: text of SQL_ASCII is in none that it
# could be converted from. A single file goes through a pipe, so that we know the sum of what pg_dump said, not of what a disk made
# of it.
dump_run() {
	local -x PGDATABASE="$1"
	local sum path="$2/$3" command=(env -u PGCLIENTENCODING pg_dump --snapshot="$SNAPSHOT" --lock-wait-timeout="${QUEUE_WAIT}s" --no-tablespaces --no-password
		--format="$BACKUP_FORMAT" --compress="$DUMP_COMPRESSION")

	if [[ "$BACKUP_FORMAT" == directory ]]; then
		rm -rf -- "$path" # of a first try
		: >"$WORK/dump.sum"
		"${command[@]}" --jobs="$4" --file="$path" 2>"$WORK/dump.err" || return 1
	else
		sum="$({ "${command[@]}" | key_seal "$path" | sha256sum; } 2>"$WORK/dump.err")" || return 1
		printf '%s  %s\n' "${sum%% *}" "$3" >"$WORK/dump.sum"
	fi
}

# usage: dump_globals DIRECTORY FILE   Roles without the bootstrap superuser (WORK/superuser), whom every server has, and those in WORK/except.
dump_globals() {
	local command=(pg_dumpall --globals-only --no-tablespaces --no-password)

	[[ "$SEES_PASSWORDS" == t ]] || command+=(--no-role-passwords)
	"${command[@]}" >"$WORK/globals.all" 2>"$WORK/dump.err" ||
		store_write_failed "pg_dumpall --globals-only" "$WORK/dump.err"
	grep -q -x -e '-- PostgreSQL database cluster dump complete' "$WORK/globals.all" ||
		die "$UNREACHABLE" "pg_dumpall did not write its last line"
	psql_run "$CONTROL" <<<"$SQL_ROLE_SETTINGS" >>"$WORK/globals.all" 2>"$WORK/dump.err" || store_write_failed "the settings of all roles" "$WORK/dump.err"
	ME="" globals_filter "$WORK/superuser" 1 "$WORK/except" <"$WORK/globals.all" | into "$WORK/globals.sql"
	dump_save "$WORK/globals.sql" "$1" "$2"
	rm -f -- "$WORK/globals.all" "$WORK/globals.sql"
	step globals
}

# usage: dump_read_back INDEX TARGET   Every byte of a dump, decompressed (pg_restore --list reads only the head of an
# archive, and ends the pipe: cagriekin/charts#230): a full disk or a bad one shows here, not at
# restore. Takes the sequences' values on the way: they are not transactional, so only the dump knows what it saved.
dump_read_back() {
	local index="$1" target="$2" sequences="$WORK/sequences.$1"

	{
		dump_restore "$target" --list | into "$WORK/toc" &&
			if [[ -d "$target" ]]; then dump_read_directory "$index" "$target"; else dump_restore "$target" --file=/dev/null; fi &&
			dump_sequences "$target" | into "$sequences"
	} 2>"$WORK/readback.err" || store_write_failed "cannot read back ${target##*/}" "$WORK/readback.err" "$NO_SPACE"
	if grep -q 'null$' "$sequences"; then
		log "warning: the value of a sequence in ${target##*/} could not be read; it will not be compared"
	fi
}

# usage: dump_restore TARGET OPTION...   pg_restore, of an encrypted one by a pipe, of which --list reads the head only.
dump_restore() {
	if [[ "$1" == *.age ]]; then key_unseal "$1" | { pg_restore "${@:2}" && cat >/dev/null; }; else pg_restore "${@:2}" "$1"; fi
}

# usage: dump_read_whole DIRECTORY   Every byte of its files, decompressed. An empty large object is an empty .zst.
dump_read_whole() {
	find "$1" -type f -name '*.zst' ! \( -name 'blob_[0-9]*.dat.zst' -size 0 \) -print0 | xargs -0 -r zstd -q -t -- &&
		find "$1" -type f -name '*.gz' -print0 | xargs -0 -r gzip -t -- &&
		find "$1" -type f ! -name '*.zst' ! -name '*.gz' -print0 | xargs -0 -r cat -- >/dev/null
}

# usage: dump_read_directory INDEX DIRECTORY   All of it. (pg_restore would read it all too, but makes a text of it that nobody
# needs, with one processor.)
dump_read_directory() {
	dump_read_whole "$2" && { find "$2" -type f && find "$2" -type f -name 'blobs*.toc' -print0 | xargs -0 -r cat; } |
		awk "$AWK_DIRECTORY" "$WORK/toc" "$WORK/contents.$1" - | cat >&2
}

# usage: dump_sequences TARGET   The lines of sql/sequences.sql, by the dump's own setval statements and nothing else of it.
dump_sequences() {
	[[ -s "$WORK/sequence.keys" ]] || return 0
	awk '$2 == 0 && $4 == "SEQUENCE" && $5 == "SET"' "$WORK/toc" | into "$WORK/toc.sequences" &&
		dump_restore "$1" --use-list="$WORK/toc.sequences" --file=- | awk -v keys="$WORK/sequence.keys" "$AWK_TEXT$AWK_SETVAL" | sort
}
