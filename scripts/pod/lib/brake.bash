# The brake on retention: a set is flagged when much data is missing since the newest set that was accepted.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_TABLES awk/tables.awk
read_text AWK_SHRINKAGE awk/shrinkage.awk

# usage: brake_survey   What the store held before this run: WORK/sets (sets_list), WORK/reference (the newest set that was
# accepted, and can be opened) and WORK/rows.before, its tables (awk/tables.awk).
brake_survey() {
	local list names name reference=""

	# The end of the program waits until no child of ours writes any more.
	trap 'exit 143' TERM
	sets_list >"$WORK/sets"
	list="$(cat "$WORK/sets")"
	names="$(awk -F '\t' '$4 == 0 { print $1 }' <<<"$list" | sort -r)"
	for name in $names; do
		set_read "$BACKUP_ROOT/$name" || die "$BROKEN" "$name: $WHY"
		# A backup has no key, and what was opened for it may not be the newest any more.
		set_open "$BACKUP_ROOT/$name" || { printf '%s\n' "$WHY" >"$WORK/unopened" && continue; }
		awk -F '\t' -v OFS='\t' "$AWK_TABLES" "$MANIFEST_FLAT" | into "$WORK/rows.before"
		reference="$name"
		printf '%s\n' "${MANIFEST["server.system_identifier"]:-}" >"$WORK/reference.system"
		break
	done
	printf '%s\n' "$reference" >"$WORK/reference"
}

# usage: brake_shrinkage   Compares this run's tables (WORK/rows.now) with those of the newest set that was accepted. Prints lines:
# why this one is to be flagged, and which tables were emptied (awk/shrinkage.awk).
brake_shrinkage() {
	local reference

	reference="$(cat "$WORK/reference")"
	if [[ -z "$reference" && -s "$WORK/unopened" ]]; then
		printf 'why\tnobody can compare it with a set before: %s\n' "$(tail -n 1 "$WORK/unopened")"
		return 0
	fi
	if [[ -z "$reference" ]]; then
		# Only flagged ones are left, or damaged ones: none of them can vouch for this one.
		! sets_are_there || printf 'why\tthere is no accepted set to compare with\n'
		return 0
	fi
	# Nothing says what a server of others has to hold, and the same name may lead to another one.
	if [[ -n "$SERVER_OF_OTHERS" ]]; then
		[[ "$(cat "$WORK/reference.system")" == "${FACTS["system"]}" ]] || printf 'why\t%s is of another server\n' "$reference"
		[[ -n "$BACKUP_DATABASES" ]] || cut -f 1 "$WORK/rows.before" | sort -u | onto "$WORK/required"
	fi
	awk -F '\t' -v OFS='\t' -v reference="$reference" "$AWK_TEXT$AWK_SHRINKAGE" "$WORK/required" "$WORK/unwanted" "$WORK/rows.now" "$WORK/rows.before"
}
