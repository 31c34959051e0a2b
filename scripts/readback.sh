#!/usr/bin/env bash
# Reads back what pg_dump wrote: every byte, and on the way the sequences' values. Sourced by dump.sh, never run.
[[ -z "${READBACK_SH_READ:-}" ]] || return 0
READBACK_SH_READ=1

# shellcheck source=globals.sh
source "${BASH_SOURCE[0]%/*}/globals.sh"

# Bytes behind the last row in which the sequences' values are looked for first: indexes, keys and triggers of a hundred
# tables or so. Not more, as busybox' tail moves all of it with each block it reads.
END_OF_DUMP=16384

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
	while ((got = (getline line < keys)) > 0) {
		split(line, k, "\t"); key = substr(k[3], 2, length(k[3]) - 2)
		gsub(/\\\\/, "\001", key); gsub(/\\"/, "\"", key); gsub(/\001/, "\\", key)
		print "sequence\t" k[1] "\t" k[2] "\t" ((key in value) ? value[key] : "null\tnull")
	}
	if (got < 0) { print "the sequences cannot be listed" > "/dev/stderr"; exit 69 }
}
'

# usage: read_back INDEX TARGET   Every byte of a dump, decompressed: a full disk or a bad one shows here, not at
# restore. Takes the sequences' values on the way: they are not transactional, so only the dump knows what it saved.
read_back() {
	local index="$1" target="$2" sequences="$WORK/sequences.$1"

	{
		if [[ -d "$target" ]]; then
			read_archive "$index" "$target" && sequences_of "$WORK/setval" | into "$sequences"
		elif [[ ! -s "$WORK/sequence.keys" && "$target" != *.sql ]]; then
			# Nothing is looked for in it, and the compressed form knows its own end.
			read_whole "$target" && : >"$sequences"
		else
			{ sequences_at_end "$target" | into "$sequences" || sequences_of "$target" | into "$sequences"; } && has_end "$target"
		fi
	} 2>"$WORK/readback.err" || write_failed "cannot read back ${target##*/}" "$WORK/readback.err" "$NO_SPACE"
	if grep -q 'null$' "$sequences"; then
		log "warning: the value of a sequence in ${target##*/} could not be told; it will not be compared"
	fi
	step read-back
}

# usage: has_end FILE   The last line that counts is \unrestrict, where the first was \restrict. A compressed file knows its
# own end.
has_end() {
	local key

	[[ "$1" == *.sql ]] || return 0
	key="$(head -n 10 "$1" | sed -n 's/^\\restrict //p')"
	[[ -z "$key" ]] || tail -n 3 "$1" | grep -q -x -F "\\unrestrict $key" || {
		echo "its last line is missing" >&2
		return 1
	}
}

# usage: read_whole PATH   Every byte of a file, or of a directory's files, decompressed. An empty large object is an
# empty .zst.
read_whole() {
	find "$1" -type f -name '*.zst' ! \( -name 'blob_[0-9]*.dat.zst' -size 0 \) -print0 | xargs -0 -r zstd -q -t -- &&
		find "$1" -type f -name '*.gz' -print0 | xargs -0 -r gzip -t -- &&
		find "$1" -type f ! -name '*.zst' ! -name '*.gz' -print0 | xargs -0 -r cat -- >/dev/null
}

# usage: read_archive INDEX DIRECTORY   Reads all of it, and writes its setval lines into WORK/setval. (pg_restore would
# read it all too, but makes a text of it that nobody needs, with one processor.)
read_archive() {
	local directory="$2" tables objects listed

	read_whole "$directory" && pg_restore --list "$directory" | into "$WORK/toc" || return $?
	# The second field is 0 for rows; else somebody's schema is named DATA.
	tables="$(awk '$2 == 0 && $4 == "TABLE" && $5 == "DATA" { n++ } END { print n + 0 }' "$WORK/toc")"
	objects="$(awk -F '\t' '$1 == "large_objects" { print $2 }' "$WORK/contents.$1")"
	require_files "$directory" '[0-9]*.dat*' "$tables" && require_files "$directory" 'blob_*.dat*' "$objects" || return $?
	listed="$(find "$directory" -type f -name 'blobs*.toc' -print0 | xargs -0 -r cat | awk '/^[0-9]+ blob_[0-9]+\.dat$/ { n++ } END { print n + 0 }')"
	if [[ "$objects" != "$listed" ]]; then
		echo "of $objects large objects $listed are listed" >&2
		return 1
	fi
	{ grep ' SEQUENCE SET ' "$WORK/toc" || (($? == 1)); } | into "$WORK/toc.sequences" || return $? # a database may have none
	pg_restore --use-list="$WORK/toc.sequences" --file="$WORK/setval" "$directory"
}

# usage: require_files DIRECTORY PATTERN COUNT
require_files() {
	local found

	found="$(find "$1" -type f -name "$2" | awk 'END { print NR }')"
	[[ "$found" == "$3" ]] || {
		echo "$3 files $2 are needed, there are $found" >&2
		return 1
	}
}

# usage: sequences_at_end FILE   As sequences_of, from what follows the rows: the file is read whole, but only its end
# is searched, which saves most of the time (busybox' grep is slow). Status 1 where that end is longer than thought.
sequences_at_end() {
	local lines found

	lines="$(awk 'END { print NR }' "$WORK/sequence.keys")"
	read_file "$1" | tail -c "$((END_OF_DUMP + 256 * lines))" | into "$WORK/end" || return 1
	# After the last row's end mark nothing is in the middle of a COPY.
	grep -q -x -F '\.' "$WORK/end" || return 1
	found="$(awk 'after { print } $0 == "\\." { after = 1 }' "$WORK/end" | awk -v keys="$WORK/sequence.keys" "$SETVAL_LINES" | sort)" || return 1
	[[ "$found" != *null* ]] || return 1
	[[ -z "$found" ]] || printf '%s\n' "$found"
}

# usage: sequences_of FILE
sequences_of() {
	read_file "$1" |
		grep -F -e 'FROM stdin;' -e '\.' -e 'pg_catalog.setval(' -e '-- PostgreSQL database dump complete' |
		awk -v keys="$WORK/sequence.keys" "$SETVAL_LINES" | sort
}
