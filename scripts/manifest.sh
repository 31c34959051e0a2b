#!/usr/bin/env bash
# Writes manifest.json from what dump.sh left in WORK. Sourced by backup.sh, never run.
[[ -z "${MANIFEST_SH_READ:-}" ]] || return 0
MANIFEST_SH_READ=1

# shellcheck source=sets.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/sets.sh"

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

# usage: json_database INDEX   Columns of WORK/databases: name, owner, encoding, collate, ctype, provider, icu locale, file.
json_database() {
	local index="$1" directory="$2" line f sum=null path

	line="$(sed -n "$((index + 1))p" "$WORK/databases")"
	IFS=$'\t' read -r -a f <<<"$line"
	path="$directory/${f[7]}"
	[[ -d "$path" ]] || sum="\"$(sum_of "$path")\""
	printf '  {"name": %s, "file": "%s", "bytes": %s, "sha256": %s,\n' "${f[0]}" "${f[7]}" "$(size_of "$path")" "$sum"
	printf '   "owner": %s, "encoding": %s, "locale": %s, "ctype": %s, "provider": %s, "icu_locale": %s,\n' "${f[@]:1:6}"
	printf '   "size": %s, "snapshot": "%s", %s\n' "$(database_size "${f[0]}")" "$(cat "$WORK/snapshot.$index")" "$(json_large_objects "$index")"
	printf '   "extensions": [%s],\n' "$(json_objects extension name version <"$WORK/contents.$index")"
	printf '   "sequences": [%s],\n' "$(json_objects sequence schema name last_value is_called <"$WORK/sequences.$index")"
	printf '   "settings": [%s],\n' "$(awk 'NR > 1 { printf "," } { printf "\n    %s", $0 }' "$WORK/settings.$index")"
	printf '   "tables": [%s]}' "$(json_objects table schema name owner rows hash <"$WORK/contents.$index")"
}

# usage: database_size TOKEN   Bytes on the source's disk, or null.
database_size() {
	NAME="$1" awk -F '\t' '$1 == ENVIRON["NAME"] && $2 != "" { n = $2 } END { print (n == "") ? "null" : n }' "$WORK/sizes"
}

json_large_objects() {
	awk -F '\t' '$1 == "large_objects" { printf "\"large_objects\": %s, \"large_objects_hash\": %s,", $2, $3 }' "$WORK/contents.$1"
}

# usage: write_manifest DIRECTORY COUNT   The rest comes from the FACTS that backup.sh collected, as JSON tokens.
write_manifest() {
	local directory="$1" count="$2" i

	{
		printf '{"version": 1, "set": %s, "reason": %s, "pinned": %s,\n' "${FACTS["set"]}" "${FACTS["reason"]}" "${FACTS["pinned"]}"
		printf ' "flagged": %s, "accepted_shrink": %s,\n' "${FACTS["flagged"]}" "${FACTS["accepted"]}"
		printf ' "started": %s, "finished": "%s", "store": "%s",\n' "${FACTS["started"]}" "$(utc)" "$STORE"
		printf ' "server": {"version": %s, "system_identifier": %s, "superuser": %s}, "client": %s,\n' \
			"${FACTS["server"]}" "${FACTS["system"]}" "${FACTS["superuser"]}" "${FACTS["client"]}"
		printf ' "format": "%s", "compression": "%s",\n' "$BACKUP_FORMAT" "$(compression)"
		printf ' "globals": {"file": "%s", "bytes": %s, "sha256": "%s", "roles": [%s]},\n' "${FACTS["globals"]}" \
			"$(size_of "$directory/${FACTS["globals"]}")" "$(sum_of "$directory/${FACTS["globals"]}")" "$(paste -s -d , "$WORK/role.names")"
		printf ' "databases": [\n'
		for ((i = 0; i < count; i++)); do
			json_database "$i" "$directory"
			((i + 1 == count)) || printf ','
			printf '\n'
		done
		printf ' ],\n "skipped": [%s]}\n' "$(json_objects skipped name why <"$WORK/skipped")"
	} >"$directory/manifest.json" || die "$NO_SPACE" "cannot write the manifest"
	# What cannot be read is never published.
	read_manifest_of_staging "$directory"
}

# usage: compression   With its level.
compression() {
	case "$BACKUP_COMPRESSION" in
	zstd) echo zstd:3 ;;
	gzip) echo gzip:6 ;;
	*) echo "$BACKUP_COMPRESSION" ;;
	esac
}

read_manifest_of_staging() {
	read_manifest "$1" || die "$NO_SPACE" "the manifest does not read back: $WHY"
}

# usage: write_sums DIRECTORY   Sums of all files, the manifest included.
write_sums() {
	local directory="$1"

	(
		cd -- "$directory" &&
			find . -type f ! -name SHA256SUMS -exec sha256sum {} + | sed 's|  \./|  |' | sort -k 2 >"$WORK/SHA256SUMS" &&
			cat "$WORK/SHA256SUMS" >SHA256SUMS
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

# usage: shrinkage   The brake: compares this run's rows with those of the newest set that was accepted. Prints why
# this one is to be flagged, or nothing. Per database: a small one that was emptied beside a large one counts too.
shrinkage() {
	local list reference

	list="$(list_sets)"
	reference="$(newest_set "$list" 4 0)"
	if [[ -z "$reference" ]]; then
		# Only flagged ones are left: none of them can vouch for this one.
		[[ -z "$list" ]] || echo "there is no accepted set to compare with"
		return 0
	fi
	read_manifest "$BACKUP_ROOT/$reference" || die "$BROKEN" "$reference: $WHY"
	rows_by_database >"$WORK/rows.before"
	awk -F '\t' -v reference="$reference" '
		NR == FNR { now[$1] = $2; next }
		# What a restore put aside is gone when somebody dropped it.
		$1 ~ /_replaced_[0-9]+_[0-9]+"$/ { next }
		!($1 in now) { print "database " $1 " of " reference " is gone"; next }
		now[$1] * 2 < $2 { print "database " $1 " has " now[$1] " rows, in " reference " it had " $2 }
	' "$WORK/rows.now" "$WORK/rows.before" | paste -s -d ';' -
}
