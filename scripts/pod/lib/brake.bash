# The brake on retention: a set is flagged when data is missing since the newest set that was accepted.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_SHRINKAGE awk/shrinkage.awk

# usage: brake_survey   What the store held before this run: WORK/sets (sets_list), WORK/reference (the newest set that was
# accepted) and WORK/rows.before, its rows.
brake_survey() {
	local list reference

	# The end of the program waits until no child of ours writes any more.
	trap 'exit 143' TERM
	sets_list >"$WORK/sets"
	list="$(cat "$WORK/sets")"
	reference="$(sets_newest "$list" 4 0)"
	if [[ -n "$reference" ]]; then
		set_read "$BACKUP_ROOT/$reference" || die "$BROKEN" "$reference: $WHY"
		set_rows | into "$WORK/rows.before"
	fi
	printf '%s\n' "$reference" >"$WORK/reference"
}

# usage: brake_shrinkage   The brake: compares this run's rows with those of the newest set that was accepted. Prints why
# this one is to be flagged, or nothing. Per database: a small one that was emptied beside a large one counts too.
brake_shrinkage() {
	local reference

	reference="$(cat "$WORK/reference")"
	if [[ -z "$reference" ]]; then
		# Only flagged ones are left, or damaged ones: none of them can vouch for this one.
		[[ -z "$(sets_directories)" ]] || echo "there is no accepted set to compare with"
		return 0
	fi
	awk -F '\t' -v reference="$reference" "$AWK_SHRINKAGE" "$WORK/rows.now" "$WORK/rows.before" | paste -s -d ';' -
}
