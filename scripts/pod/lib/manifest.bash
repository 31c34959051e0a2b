# Writes manifest.json from what dump.bash left in WORK, and SHA256SUMS.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_OBJECTS awk/objects.awk
read_text AWK_PUBLIC awk/public.awk

# usage: manifest_objects KIND KEY... < LINES   Lines of that kind as the objects of an array.
manifest_objects() { awk -F '\t' -v keys="$*" "$AWK_OBJECTS"; }

# usage: manifest_database INDEX DIRECTORY   Columns of WORK/databases: name, owner, encoding, collate, ctype, provider,
# ICU locale, ICU rules, file, object list.
manifest_database() {
	local index="$1" directory="$2" line f sum=null path bytes size snapshot taken

	line="$(sed -n "$((index + 1))p" "$WORK/databases")"
	IFS=$'\t' read -r -a f <<<"$line"
	path="$directory/${f[8]}"
	[[ -d "$path" ]] || sum="\"$(manifest_sum_of "${f[8]}")\""
	bytes="$(size_of "$path")" || exit $? # it has said why
	size="$(cat "$WORK/size.$index")"
	snapshot="$(cat "$WORK/snapshot.$index")"
	taken="$(cat "$WORK/taken.$index")"
	printf '  {"name": %s, "file": "%s", "bytes": %s, "sha256": %s,\n' "${f[0]}" "${f[8]}" "$bytes" "$sum"
	printf '   "owner": %s, "encoding": %s, "locale": %s, "ctype": %s, "provider": %s, "icu_locale": %s, "icu_rules": %s,\n' "${f[@]:1:7}"
	printf '   "objects": "%s", "size": %s, "snapshot": "%s", "taken": %s,' "${f[9]}" "$size" "$snapshot" "$taken"
	awk -F '\t' '$1 == "large_objects" { printf " \"large_objects\": %s, \"large_objects_hash\": %s,", $2, $3 }' "$WORK/contents.$index"
	printf '\n   "extensions": ['
	manifest_objects extension name version <"$WORK/contents.$index"
	printf '],\n   "sequences": ['
	manifest_objects sequence schema name last_value is_called <"$WORK/sequences.$index"
	printf '],\n   "settings": ['
	awk 'NR > 1 { printf "," } { printf "\n    %s", $0 }' "$WORK/settings.$index"
	printf '],\n   "tables": ['
	manifest_objects table schema name owner rows hash unlogged hash_by_column <"$WORK/contents.$index"
	printf ']}'
}

# usage: manifest_sum_files DIRECTORY   The sums of all files in it, into WORK/SHA256SUMS. pg_dump knows no sums: a bit that the
# disk turned over shows here.
manifest_sum_files() {
	(cd -- "$1" && find . -type f -print0 | xargs -0 -r sha256sum | sed 's|  \./|  |' | sort -k 2) | into "$WORK/SHA256SUMS" ||
		die "$NO_SPACE" "cannot read back what was written"
	awk 'FILENAME == ARGV[1] { is[$0] = 1; next } !($0 in is) { print $2 " does not read back as it was written"; bad = 1 } END { exit bad }' \
		"$WORK/SHA256SUMS" "$WORK/written.sums" | into "$WORK/changed" || die "$NO_SPACE" "$(paste -s -d , "$WORK/changed")"
}

# usage: manifest_sum_of FILE   Its sum out of WORK/SHA256SUMS.
manifest_sum_of() { awk -v file="$1" '$2 == file { print $1 }' "$WORK/SHA256SUMS"; }

# usage: manifest_write DIRECTORY COUNT
manifest_write() {
	manifest_sum_files "$1"
	# First where it may fail for any reason, then where it may fail for want of room: under a || no other is noticed.
	manifest_text "$1" "$2" | into "$WORK/manifest.json"
	[[ -z "$KEY_PUBLIC" ]] || manifest_hide "$1"
	cat "$WORK/manifest.json" >"$1/manifest.json" || die "$NO_SPACE" "cannot write the manifest"
	# What cannot be read is never published.
	set_read "$1" || die "$NO_SPACE" "the manifest does not read back: $WHY"
}

# usage: manifest_hide DIRECTORY   Of an encrypted set: the manifest is encrypted like all else, and WORK has the one for everybody.
manifest_hide() {
	local file=contents.json.age bytes sum

	key_seal "$1/$file" <"$WORK/manifest.json" >/dev/null && make_durable "$1/$file" && set_read_file "$1/$file" | cmp -s - "$WORK/manifest.json" ||
		die "$NO_SPACE" "$file does not read back as it was written"
	sum="$(sum_of "$1/$file")"
	bytes="$(size_of "$1/$file")"
	printf '%s  %s\n' "$sum" "$file" >>"$WORK/SHA256SUMS"
	json_flatten "$WORK/manifest.json" | awk -F '\t' -v file="$file" -v bytes="$bytes" -v sha256="$sum" "$AWK_PUBLIC" | replace "$WORK/manifest.json"
	key_wrap "$1"
}

# usage: manifest_text DIRECTORY COUNT   The rest comes from the FACTS that backup.sh collected, as JSON tokens.
manifest_text() {
	local directory="$1" count="$2" i globals="${FACTS["globals"]}" bytes sum roles

	bytes="$(size_of "$directory/$globals")" || exit $?
	sum="$(manifest_sum_of "$globals")"
	roles="$(cut -f 2 "$WORK/role.facts" | paste -s -d , -)"
	printf '{"version": 2, "set": %s, "reason": %s, "pinned": %s,\n' "${FACTS["set"]}" "${FACTS["reason"]}" "${FACTS["pinned"]}"
	printf ' "flagged": %s, "accepted_shrink": %s,\n' "${FACTS["flagged"]}" "${FACTS["accepted"]}"
	printf ' "started": %s, "finished": "%s", "store": "%s",\n' "${FACTS["started"]}" "$(utc)" "$STORE"
	printf ' "server": {"version": %s, "system_identifier": %s, "superuser": %s, "data_free_bytes": %s, "data_size_bytes": %s},\n "client": %s,\n' \
		"${FACTS["server"]}" "${FACTS["system"]}" "${FACTS["superuser"]}" "${FACTS["free"]}" "${FACTS["size"]}" "${FACTS["client"]}"
	# Of sets without this word the hashes hold them.
	printf ' "generated_columns": "not hashed",\n'
	printf ' "format": "%s", "compression": "%s",\n' "$BACKUP_FORMAT" "$DUMP_COMPRESSION"
	[[ -z "$KEY_PUBLIC" ]] || printf ' "encrypted": "age", "key": "%s",\n' "$KEY_PUBLIC"
	printf ' "globals": {"file": "%s", "bytes": %s, "sha256": "%s", "roles": [%s]},\n' "$globals" "$bytes" "$sum" "$roles"
	printf ' "databases": [\n'
	for ((i = 0; i < count; i++)); do
		manifest_database "$i" "$directory"
		((i + 1 == count)) || printf ','
		printf '\n'
	done
	printf ' ],\n "server_settings": ['
	manifest_objects setting name value <"$WORK/server_settings"
	printf '],\n "roles": ['
	manifest_objects role name is <"$WORK/role.facts"
	printf '],\n'
	[[ -z "$ROLE" ]] || printf ' "role": {"name": %s, "superuser": false, "passwords": %s, "limits": [%s]},\n' \
		"$(json_quote "$ROLE")" "$([[ "$SEES_PASSWORDS" == t ]] && echo true || echo false)" "$(paste -s -d , "$WORK/limits")"
	printf ' "template1": [%s], "emptied": [%s],\n "notes": [%s],\n "skipped": [' \
		"$(paste -s -d , "$WORK/template1")" "$(paste -s -d , "$WORK/emptied")" "$(paste -s -d , "$WORK/notes")"
	manifest_objects skipped name why <"$WORK/chosen"
	printf ']}\n'
}

# usage: manifest_write_sums DIRECTORY   Those that manifest_sum_files took, and the manifest's.
manifest_write_sums() {
	local directory="$1"

	(
		cd -- "$directory" &&
			{ cat "$WORK/SHA256SUMS" && sha256sum manifest.json; } | sort -k 2 | into SHA256SUMS
	) || die "$NO_SPACE" "cannot write SHA256SUMS"
	set_check_sums "$directory" || die "$NO_SPACE" "what was written does not read back: $WHY"
}
