#!/usr/bin/env bash
# Compares a restored database with the manifest: its contents, and what belongs to the database itself. Sourced, never run.
[[ -z "${COMPARE_SH_READ:-}" ]] || return 0
COMPARE_SH_READ=1

# shellcheck source=contents.sh
source "${BASH_SOURCE[0]%/*}/contents.sh"
# shellcheck source=globals.sh
source "$SCRIPTS/globals.sh"

# usage: manifest_contents INDEX   The same lines out of the manifest read last.
manifest_contents() {
	awk -F '\t' -v OFS='\t' -v at="databases.$1." '
		index($1, at) != 1 { next }
		{ rest = substr($1, length(at) + 1); parts = split(rest, p, ".") }
		rest == "large_objects" { objects = $2 }
		rest == "large_objects_hash" { objects_hash = $2 }
		parts == 3 { item[p[1] "." p[2]] = p[1]; field[p[1] "." p[2] "." p[3]] = $2 }
		END {
			for (i in item) {
				if (item[i] == "tables") print "table", field[i ".schema"], field[i ".name"], field[i ".owner"], field[i ".rows"], field[i ".hash"]
				if (item[i] == "sequences") print "sequence", field[i ".schema"], field[i ".name"], field[i ".last_value"], field[i ".is_called"]
				if (item[i] == "extensions") print "extension", field[i ".name"], field[i ".version"]
			}
			print "large_objects", objects, (objects_hash == "") ? "null" : objects_hash
		}' "$MANIFEST_FLAT" | sort
}

# usage: hash_partitions_sql   Lines: partition TAB schema TAB name TAB schema and name of the topmost table above it whose
# rows are distributed by a hash.
hash_partitions_sql() {
	cat <<SQL
SELECT * FROM (SELECT 'partition', to_json(n.nspname::text), to_json(c.relname::text), (
	SELECT concat_ws(E'\t', to_json(s.nspname::text), to_json(r.relname::text))
	FROM pg_partition_ancestors(c.oid) WITH ORDINALITY a(relid, level) JOIN pg_partitioned_table p ON p.partrelid = a.relid
	JOIN pg_class r ON r.oid = a.relid JOIN pg_namespace s ON s.oid = r.relnamespace
	WHERE p.partstrat = 'h' ORDER BY level DESC LIMIT 1) AS above
$USER_RELATIONS AND c.relkind = 'r' AND c.relispartition) found WHERE above IS NOT NULL;
SQL
}

# usage: sum_hash_partitions PARTITIONS < LINES   One line more for each table that such partitions belong to, and nothing
# to compare in their own. An enum hashes by numbers that each server gives out anew: pg_dump loads such rows by the table
# above, and they may come into another partition. Their hashes are sums, so they add up; modulo a prime of 48 bits,
# because awk's numbers are exact up to 53 bits only.
sum_hash_partitions() {
	awk -F '\t' -v OFS='\t' '
		function residue(text,  i, n) {
			for (i = 1; i <= length(text); i++) if (substr(text, i, 1) ~ /[0-9]/) n = (n * 10 + substr(text, i, 1)) % prime
			return (text ~ /-/) ? prime - n : n + 0
		}
		BEGIN { prime = 281474976710597 }
		FILENAME == ARGV[1] { above[$2 FS $3] = $4 FS $5; next }
		$1 == "table" && (($2 FS $3) in above) {
			t = above[$2 FS $3]; rows[t] += $5; hash[t] = (hash[t] + residue($6)) % prime
			if ($6 !~ /[0-9]/) unknown[t] = 1
			$5 = $6 = "null"
		}
		{ print }
		END { for (t in rows) print "hash partitions of", t, sprintf("%.0f", rows[t]), (t in unknown) ? "null" : sprintf("%.0f", hash[t]) }
	' "$1" - | sort
}

# usage: differences EXPECTED FOUND   Says what differs (at most 10 lines); returns 65 if anything does.
# What one side does not know (null: rows only, or a value that could not be told) is not compared, and neither is
# an extension's version: an image with a newer one installs the newer.
differences() {
	awk -F '\t' '
		function key() { return ($1 == "large_objects") ? $1 : ($1 == "extension") ? $1 " " $2 : $1 " " $2 "." $3 }
		function first() { return ($1 == "large_objects") ? 2 : 4 }
		function tell(text) { bad = 1; if (++told <= 10) print text }
		NR == FNR { k = key(); expected[k] = $0; next }
		{
			k = key(); found[k] = 1
			if (!(k in expected)) { tell(k " is not in the manifest"); next }
			fields = split(expected[k], want, FS)
			for (i = first(); i <= NF; i++)
				if (want[i] != $i && want[i] != "null" && want[i] != "" && $i != "null" && $i != "")
					tell(k ": saved " want[i] ", restored " $i)
		}
		END { for (k in expected) if (!(k in found)) tell(k " is missing"); exit bad ? 65 : 0 }
	' "$1" "$2"
}

# usage: compare_database INDEX DATABASE   Equality with the manifest; returns 65 with WHY if it is not equal.
# Any other status is an error while reading: never "equal", and never the set's fault.
compare_database() {
	local mode=rows generated=generated status=0

	manifest_contents "$1" | into "$WORK/expected.all" || return $?
	# Rows only was saved, or is asked for now.
	if [[ "$BACKUP_HASHES" == full ]] && ! grep -q '^large_objects.*null$' "$WORK/expected.all"; then mode=full; fi
	[[ "${MANIFEST[generated_columns]:-}" != '"not hashed"' ]] || generated=""
	{ contents_sql "$mode" "" "$generated" && sequences_sql && hash_partitions_sql; } >"$WORK/contents.sql" || return 1
	sql "$2" -f "$WORK/contents.sql" >"$WORK/found.raw" || return 1
	tidy_contents "$mode" <"$WORK/found.raw" | into "$WORK/found.all" || return $?
	awk -F '\t' '$1 == "partition"' "$WORK/found.all" | into "$WORK/partitions" || return $?
	awk -F '\t' '$1 != "partition"' "$WORK/found.all" | sum_hash_partitions "$WORK/partitions" | into "$WORK/found" || return $?
	sum_hash_partitions "$WORK/partitions" <"$WORK/expected.all" | into "$WORK/expected" || return $?
	grep -q '^large_objects' "$WORK/found" || return 1 # there is always a line of them
	WHY="$(differences "$WORK/expected" "$WORK/found")" || status=$?
	case $status in
	0) return 0 ;;
	65) WHY="what was restored is not what was saved: ${WHY//$'\n'/; }" ;;
	esac
	return "$status"
}

# usage: compare_settings INDEX NAME   Owner, settings, grants, comment: what belongs to the database itself.
compare_settings() {
	local owner

	owner="$(sql "$2" -c 'SELECT to_json(pg_get_userbyid(datdba)::text) FROM pg_database WHERE datname = current_database()')" || return 69
	if [[ "$owner" != "${MANIFEST["databases.$1.owner"]}" ]]; then
		WHY="owner: saved ${MANIFEST["databases.$1.owner"]}, restored $owner"
		return 65
	fi
	database_settings_sql >"$WORK/settings.sql" || return 69
	sql "$2" -f "$WORK/settings.sql" | sort | into "$WORK/settings.now" || return $?
	awk -F '\t' -v at="databases.$1.settings." 'index($1, at) == 1 { print $2 }' "$MANIFEST_FLAT" | sort | into "$WORK/settings.saved" || return $?
	cmp -s "$WORK/settings.saved" "$WORK/settings.now" || {
		(($? == 1)) || return 69
		WHY="settings or grants differ (values are left out): saved $(only_in "$WORK/settings.saved" "$WORK/settings.now")"
		WHY+=", restored $(only_in "$WORK/settings.now" "$WORK/settings.saved")"
		return 65
	}
}

# usage: only_in FILE OTHER   Those statements of FILE that OTHER lacks, without the values: they may be secret, and what is
# wrong with a set is told to many.
only_in() {
	awk 'FILENAME == ARGV[1] { there[$0] = 1; next } !($0 in there)' "$2" "$1" |
		sed -E '/^"(GRANT|REVOKE|SET SESSION AUTHORIZATION) /!s/ (TO|IS|=) .*/"/' | tr '\n' ' '
}
