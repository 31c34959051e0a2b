#!/usr/bin/env bash
# Writes manifest.json from what dump.sh left in WORK. Sourced by backup.sh, never run.
[[ -z "${MANIFEST_SH_READ:-}" ]] || return 0
MANIFEST_SH_READ=1

# shellcheck source=sets.sh
source "${BASH_SOURCE[0]%/*}/sets.sh"

# usage: json_objects KIND KEY... < LINES   Lines of that kind as the objects of an array.
json_objects() {
	awk -F '\t' -v keys="$*" '
		BEGIN { n = split(keys, key, " ") }
		$1 != key[1] { next }
		{
			printf "%s\n    {", (some++) ? "," : ""
			for (i = 2; i <= n; i++) printf "%s\"%s\": %s", (i > 2) ? ", " : "", key[i], $i
			printf "}"
		}'
}

# usage: json_database INDEX DIRECTORY   Columns of WORK/databases: name, owner, encoding, collate, ctype, provider,
# ICU locale, ICU rules, file.
json_database() {
	local index="$1" directory="$2" line f sum=null path bytes size snapshot

	line="$(sed -n "$((index + 1))p" "$WORK/databases")"
	IFS=$'\t' read -r -a f <<<"$line"
	path="$directory/${f[8]}"
	[[ -d "$path" ]] || sum="\"$(sum_listed "${f[8]}")\""
	bytes="$(size_of "$path")"
	size="$(cat "$WORK/size.$index")"
	snapshot="$(cat "$WORK/snapshot.$index")"
	printf '  {"name": %s, "file": "%s", "bytes": %s, "sha256": %s,\n' "${f[0]}" "${f[8]}" "$bytes" "$sum"
	printf '   "owner": %s, "encoding": %s, "locale": %s, "ctype": %s, "provider": %s, "icu_locale": %s, "icu_rules": %s,\n' "${f[@]:1:7}"
	printf '   "size": %s, "snapshot": "%s",' "$size" "$snapshot"
	awk -F '\t' '$1 == "large_objects" { printf " \"large_objects\": %s, \"large_objects_hash\": %s,", $2, $3 }' "$WORK/contents.$index"
	printf '\n   "extensions": ['
	json_objects extension name version <"$WORK/contents.$index"
	printf '],\n   "sequences": ['
	json_objects sequence schema name last_value is_called <"$WORK/sequences.$index"
	printf '],\n   "settings": ['
	awk 'NR > 1 { printf "," } { printf "\n    %s", $0 }' "$WORK/settings.$index"
	printf '],\n   "tables": ['
	json_objects table schema name owner rows hash <"$WORK/contents.$index"
	printf ']}'
}

# usage: sum_files DIRECTORY   The sums of all files in it, into WORK/SHA256SUMS.
sum_files() {
	(cd -- "$1" && find . -type f -print0 | xargs -0 -r sha256sum | sed 's|  \./|  |' | sort -k 2) | into "$WORK/SHA256SUMS" ||
		die "$NO_SPACE" "cannot read back what was written"
}

# usage: sum_listed FILE   Its sum out of WORK/SHA256SUMS.
sum_listed() { awk -v file="$1" '$2 == file { print $1 }' "$WORK/SHA256SUMS"; }

# usage: write_manifest DIRECTORY COUNT
write_manifest() {
	sum_files "$1"
	# First where it may fail for any reason, then where it may fail for want of room: under a || no other is noticed.
	json_manifest "$1" "$2" | into "$WORK/manifest.json"
	cat "$WORK/manifest.json" >"$1/manifest.json" || die "$NO_SPACE" "cannot write the manifest"
	# What cannot be read is never published.
	read_manifest "$1" || die "$NO_SPACE" "the manifest does not read back: $WHY"
}

# usage: json_manifest DIRECTORY COUNT   The rest comes from the FACTS that backup.sh collected, as JSON tokens.
json_manifest() {
	local directory="$1" count="$2" i globals="${FACTS["globals"]}" bytes sum roles

	bytes="$(size_of "$directory/$globals")"
	sum="$(sum_listed "$globals")"
	roles="$(paste -s -d , "$WORK/role.names")"
	printf '{"version": 1, "set": %s, "reason": %s, "pinned": %s,\n' "${FACTS["set"]}" "${FACTS["reason"]}" "${FACTS["pinned"]}"
	printf ' "flagged": %s, "accepted_shrink": %s,\n' "${FACTS["flagged"]}" "${FACTS["accepted"]}"
	printf ' "started": %s, "finished": "%s", "store": "%s",\n' "${FACTS["started"]}" "$(utc)" "$STORE"
	printf ' "server": {"version": %s, "system_identifier": %s, "superuser": %s}, "client": %s,\n' \
		"${FACTS["server"]}" "${FACTS["system"]}" "${FACTS["superuser"]}" "${FACTS["client"]}"
	# Of sets without this word the hashes hold them.
	printf ' "generated_columns": "not hashed",\n'
	printf ' "format": "%s", "compression": "%s",\n' "$BACKUP_FORMAT" "$(compression)"
	printf ' "globals": {"file": "%s", "bytes": %s, "sha256": "%s", "roles": [%s]},\n' "$globals" "$bytes" "$sum" "$roles"
	printf ' "databases": [\n'
	for ((i = 0; i < count; i++)); do
		json_database "$i" "$directory"
		((i + 1 == count)) || printf ','
		printf '\n'
	done
	printf ' ],\n "skipped": ['
	json_objects skipped name why <"$WORK/chosen"
	printf ']}\n'
}

# usage: write_sums DIRECTORY   Those that sum_files took, and the manifest's.
write_sums() {
	local directory="$1"

	(
		cd -- "$directory" &&
			{ cat "$WORK/SHA256SUMS" && sha256sum manifest.json; } | sort -k 2 | into SHA256SUMS
	) || die "$NO_SPACE" "cannot write SHA256SUMS"
	check_sums "$directory" || die "$NO_SPACE" "what was written does not read back: $WHY"
}

# usage: rows_by_database   name TAB rows, of the manifest read last.
rows_by_database() {
	awk -F '\t' '
		split($1, p, ".") == 3 && p[1] == "databases" && p[3] == "name" { name[p[2]] = $2; rows[p[2]] += 0 }
		split($1, p, ".") == 5 && p[3] == "tables" && p[5] == "rows" { rows[p[2]] += $2 }
		END { for (i in name) printf "%s\t%.0f\n", name[i], rows[i] }' "$MANIFEST_FLAT"
}

# usage: survey   What the store held before this run: WORK/sets (list_sets), WORK/reference (the newest set that was
# accepted) and WORK/rows.before, its rows.
survey() {
	local list reference

	# Whoever ends us waits until no child of ours writes any more.
	trap 'exit 143' TERM
	list_sets >"$WORK/sets"
	list="$(cat "$WORK/sets")"
	reference="$(newest_set "$list" 4 0)"
	if [[ -n "$reference" ]]; then
		read_manifest "$BACKUP_ROOT/$reference" || die "$BROKEN" "$reference: $WHY"
		rows_by_database | into "$WORK/rows.before"
	fi
	printf '%s\n' "$reference" >"$WORK/reference"
}

# usage: shrinkage   The brake: compares this run's rows with those of the newest set that was accepted. Prints why
# this one is to be flagged, or nothing. Per database: a small one that was emptied beside a large one counts too.
shrinkage() {
	local reference

	reference="$(cat "$WORK/reference")"
	if [[ -z "$reference" ]]; then
		# Only flagged ones are left, or damaged ones: none of them can vouch for this one.
		[[ -z "$(set_directories)" ]] || echo "there is no accepted set to compare with"
		return 0
	fi
	awk -F '\t' -v reference="$reference" '
		FILENAME == ARGV[1] { now[$1] = $2; next } # may be empty, so not NR == FNR
		# What a restore put aside is gone when somebody dropped it.
		$1 ~ /_replaced_[0-9]+_[0-9]+"$|^"brewget_kept_[0-9]+_[0-9]+_[0-9]+"$/ { next }
		!($1 in now) { print "database " $1 " of " reference " is gone"; next }
		now[$1] * 2 < $2 { print "database " $1 " has " now[$1] " rows, in " reference " it had " $2 }
	' "$WORK/rows.now" "$WORK/rows.before" | paste -s -d ';' -
}
