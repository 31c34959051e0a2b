# Compares a restored database with the manifest: its contents, and what belongs to the database itself.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_SEQUENCES sql/sequences.sql
read_text SQL_HASH_PARTITIONS sql/hash_partitions.sql
read_text AWK_EXPECTED awk/expected.awk
read_text AWK_SUM_PARTITIONS awk/sum_partitions.awk
read_text AWK_DIFFERENCES awk/differences.awk
read_text AWK_ROLES_DIFFER awk/roles_differ.awk

# usage: compare_expected INDEX   The lines of sql/contents.sql, out of the manifest read last.
compare_expected() { awk -F '\t' -v OFS='\t' -v at="databases.$1." "$AWK_EXPECTED" "$MANIFEST_FLAT" | sort; }

# usage: compare_sum_partitions PARTITIONS < LINES
compare_sum_partitions() { awk -F '\t' -v OFS='\t' "$AWK_SUM_PARTITIONS" "$1" - | sort; }

# usage: compare_database INDEX DATABASE   Equality with the manifest; returns 78 with WHY if it is not equal.
# Any other status is an error while reading: never "equal".
compare_database() {
	local mode=rows as=() status=0

	compare_expected "$1" | into "$WORK/expected.all" || return $?
	# Rows only was saved, or is asked for now.
	if [[ "$BACKUP_HASHES" == full ]] && ! grep -q '^large_objects.*null$' "$WORK/expected.all"; then mode=full; fi
	[[ "${MANIFEST[generated_columns]:-}" == '"not hashed"' ]] || as+=(generated)
	[[ "${MANIFEST[version]}" != 1 ]] || as+=(numbers)
	# Where none was, no row is long, or each was hashed as a whole.
	! grep -q "^databases\.$1\.tables\..*\.hash_by_column" "$MANIFEST_FLAT" || as+=(by_column)
	{ contents_sql "$mode" "${as[@]}" && printf '%s' "$SQL_SEQUENCES" "$SQL_HASH_PARTITIONS"; } >"$WORK/contents.sql" || return 1
	psql_run "$2" -v user_relations="$USER_RELATIONS" -f "$WORK/contents.sql" >"$WORK/found.raw" || return 1
	contents_tidy "$mode" <"$WORK/found.raw" | into "$WORK/found.all" || return $?
	awk -F '\t' '$1 == "partition"' "$WORK/found.all" | into "$WORK/partitions" || return $?
	awk -F '\t' '$1 == "unread" { print $2 "." $3 ", read as its owner: " $4 }' "$WORK/found.all" |
		while IFS= read -r line; do log "cannot compare the rows of ${line//\"/}"; done
	awk -F '\t' -v OFS='\t' '$1 == "table" && $8 != "" { $6 = $8; $8 = "" } $1 != "partition" && $1 != "unread"' "$WORK/found.all" |
		compare_sum_partitions "$WORK/partitions" | into "$WORK/found" || return $?
	compare_sum_partitions "$WORK/partitions" <"$WORK/expected.all" | into "$WORK/expected" || return $?
	grep -q '^large_objects' "$WORK/found" || return 1 # there is always a line of them
	WHY="$(awk -F '\t' -v listed="${MANIFEST["databases.$1.objects"]:-}" "$AWK_DIFFERENCES" "$WORK/expected" "$WORK/found")" || status=$?
	((status == 65)) || return "$status"
	WHY="what was restored is not what was saved: ${WHY//$'\n'/; }"
	return "$REFUSED"
}

# usage: compare_list DIRECTORY INDEX   The object list of a database into WORK/objects.saved; empty for a set without such lists.
compare_list() {
	local file="${MANIFEST["databases.$2.objects"]:-}"

	: >"$WORK/objects.saved"
	[[ -z "$file" ]] || set_read_file "$1/${file//\"/}" | into "$WORK/objects.saved"
}

# usage: compare_objects INDEX NAME   Lines of objects_compare into WORK/differences.
compare_objects() {
	: >"$WORK/differences"
	[[ -z "${MANIFEST["databases.$1.objects"]:-}" ]] || objects_compare "$WORK/objects.saved" "$2" | into "$WORK/differences"
}

# usage: compare_roles   In a server of our own, where nobody else has made any.
compare_roles() {
	# What is in no set was left out when it was taken: today's patterns are not those of then.
	psql_run "$CONTROL" -v roles_except= <<<"$SQL_ROLES" | into "$WORK/roles.now" || return $?
	awk -F '\t' -v OFS='\t' "$AWK_ROLES_DIFFER" "$WORK/findings" "$WORK/roles.now" "$MANIFEST_FLAT" | into "$WORK/roles.differ" &&
		cat -- "$WORK/roles.differ" >>"$WORK/findings"
}

# usage: compare_settings INDEX NAME   Owner, settings, grants, comment: what belongs to the database itself, into WORK/findings.
compare_settings() {
	local name="${MANIFEST["databases.$1.name"]}" owner

	owner="$(psql_run "$2" -c 'SELECT to_json(pg_get_userbyid(datdba)::text) FROM pg_database WHERE datname = current_database()')" || return 69
	[[ "$owner" == "${MANIFEST["databases.$1.owner"]}" ]] || printf 'differs\t%s\t"database"\t%s\t"another owner"\n' "$name" "$name" >>"$WORK/findings"
	psql_run "$2" <<<"$SQL_DATABASE_SETTINGS" | sort | into "$WORK/settings.now" || return $?
	awk -F '\t' -v at="databases.$1.settings." 'index($1, at) == 1 { print $2 }' "$MANIFEST_FLAT" | sort | into "$WORK/settings.saved" || return $?
	{
		compare_only_in "$WORK/settings.saved" "$WORK/settings.now" | sed 's/$/\tmissing/' &&
			compare_only_in "$WORK/settings.now" "$WORK/settings.saved" | sed 's/$/\tmore/'
	} | awk -F '\t' -v OFS='\t' -v database="$name" '
		{ print ($2 == "missing") ? "left_out" : "differs", database, "\"setting\"", $1, ($2 == "missing") ? "\"the server here does not take it\"" : "\"more\"" }' | onto "$WORK/findings"
}

# usage: compare_only_in FILE OTHER   Those statements of FILE that OTHER lacks, without the values: they may be secret, and what is
# wrong with a set is shown to many.
compare_only_in() {
	awk 'FILENAME == ARGV[1] { there[$0] = 1; next } !($0 in there)' "$2" "$1" |
		sed -E '/^"(GRANT|REVOKE|SET SESSION AUTHORIZATION) /!s/ (TO|IS|=) .*/"/'
}
