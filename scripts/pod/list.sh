#!/usr/bin/env bash
# Lists the sets of a store. Reads the store only; prints a table or JSON.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
source "$SCRIPTS/lib/proof.bash"
read_text AWK_LEFT_OUT_LISTED awk/left_out_listed.awk
read_text AWK_TABLE awk/table.awk

usage() {
	cat <<'USAGE'
usage: list.sh [--json]

Lists the backup sets of BACKUP_ROOT, oldest first: age, size, reason, state.
  --json   an array of objects with set, started, age_seconds, bytes, reason, databases, rows, proof_age_seconds (since it was
           restored and compared), reading_age_seconds (since all its bytes were read and found whole), verified, left_out (what
           did not come back beside the rows), unverified (why it was not seen to come back), pinned, flagged,
           state (published; failed: set aside; and what does not count, with why: foreign, newer, damaged, unreadable), and of
           a set that was set aside why, when (set_aside) and by which script (set_aside_by)
USAGE
}

# usage: read_failure FILE   Sets FAILURE from a set's failed.json or unverified.json: why, failed, by, as JSON. Sets that were
# set aside by older scripts have none, and what cannot be read may not be one.
read_failure() {
	local path token flat

	FAILURE=()
	flat="$(json_flatten "$1" 2>/dev/null)" || return 0
	while IFS=$'\t' read -r path token; do
		case "$path $token" in
		*[[:cntrl:]]*) ;; # no JSON that we wrote
		"why "\"* | "failed "\"* | "by "\"*) FAILURE["$path"]="$token" ;;
		esac
	done <<<"$flat"
}

# usage: describe_set DIRECTORY STATE NOW   One JSON object.
describe_set() {
	local directory="$1" state="$2" name="${1##*/}" why="" started="" verified=false unverified=null left_out="" proof=null reading=null times pinned=false bytes rows age=null databases=0
	local -A FAILURE=()

	# Retention may remove a set while it is looked at: the others are listed all the same.
	bytes="$(size_of "$directory" 2>/dev/null)" || true
	set_read_own "$directory" || why="$WHY"
	[[ -d "$directory" ]] || return 0
	[[ "$state" == failed && "$KIND" != foreign ]] || state="$KIND"
	if [[ -n "$why" ]]; then
		MANIFEST=([databases]=0)
		rows=null
	else
		json_text started "${MANIFEST[started]}"
		# A time that is none costs nobody the list: its name has one, too.
		age="$(epoch "$started" 2>/dev/null || epoch "$name" 2>/dev/null)" && age=$(($3 - age)) || age=null
		rows="$(awk -F '\t' 'split($1, p, ".") == 5 && p[3] == "tables" && p[5] == "rows" { n += $2 } END { printf "%.0f", n }' "$MANIFEST_FLAT")"
		if set_is_verified "$directory"; then verified=true; fi
		if set_is_pinned "$directory"; then pinned=true; fi
		databases="${MANIFEST[databases]}"
	fi
	if [[ "$state" == failed ]]; then
		read_failure "$directory/failed.json"
	elif [[ "$verified" == true ]]; then
		left_out="$(json_flatten "$directory/verified.json" | awk -F '\t' "$AWK_LEFT_OUT_LISTED")" || left_out=""
	elif [[ -z "$why" ]]; then
		read_failure "$directory/unverified.json"
		unverified="${FAILURE[why]:-null}"
		FAILURE=()
	fi
	if [[ -z "$why" ]] && times="$(proof_times "$directory")"; then
		[[ "$verified" == false ]] || proof=$(($3 - ${times%%$'\t'*}))
		reading=$(($3 - ${times##*$'\t'}))
	fi
	if [[ -n "$why" ]]; then why="$(json_quote "$why")"; fi
	printf '{"set": "%s", "state": "%s", "started": %s, "age_seconds": %s, "bytes": %s, "reason": %s, "databases": %s, "rows": %s, ' \
		"$name" "$state" "${MANIFEST[started]:-null}" "$age" "$bytes" "${MANIFEST[reason]:-null}" "$databases" "$rows"
	printf '"proof_age_seconds": %s, "reading_age_seconds": %s, ' "$proof" "$reading"
	printf '"verified": %s, "unverified": %s, "left_out": [%s], "pinned": %s, "flagged": %s, "set_aside": %s, "set_aside_by": %s, "why": %s}\n' \
		"$verified" "$unverified" "$left_out" "$pinned" "${MANIFEST[flagged]:-null}" "${FAILURE[failed]:-null}" "${FAILURE[by]:-null}" "${FAILURE[why]:-${why:-null}}"
}

# usage: describe_all
describe_all() {
	local now name names

	now="$(date +%s)"
	names="$(sets_directories)"
	for name in $names; do describe_set "$BACKUP_ROOT/$name" published "$now"; done
	names="$(sets_directories "$BACKUP_ROOT/failed")"
	for name in $names; do describe_set "$BACKUP_ROOT/failed/$name" failed "$now"; done
}

main() {
	local json=""

	while (($# > 0)); do
		case "$1" in
		--help) usage && exit 0 ;;
		--json) json=1 ;;
		*) die "$USAGE" "unknown option '$1'. See: list.sh --help" ;;
		esac
		shift
	done
	begin
	BACKUP_ALLOW_VOLATILE=1 # looking does no harm
	store_require
	describe_all >"$WORK/objects"
	printf '[\n%s\n]\n' "$(sed '$!s/$/,/' "$WORK/objects")" | into "$WORK/list"
	if [[ -n "$json" ]]; then cat -- "$WORK/list"; else json_flatten "$WORK/list" | awk -F '\t' "$AWK_TABLE"; fi
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
