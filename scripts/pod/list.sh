#!/usr/bin/env bash
# Lists the sets of a store. Reads the store only; prints a table or JSON.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
read_text AWK_LIST awk/list.awk
read_text AWK_TABLE awk/table.awk

usage() {
	cat <<'USAGE'
usage: list.sh [--json]

Lists the backup sets of BACKUP_ROOT, oldest first: age, size, reason, state.
  --json   an array of objects with set, started, age_seconds, bytes, reason, databases, rows, proof_age_seconds (since it was
           restored and compared), reading_age_seconds (since all its bytes were read and found whole), verified, left_out (what
           did not come back beside the rows; of an encrypted set left_out_count alone), unverified (why it was not seen to come back), pinned, encrypted, flagged,
           state (published; failed: set aside; and what does not count, with why: foreign, newer, damaged, unreadable), and of
           a set that was set aside why, when (set_aside) and by which script (set_aside_by)
USAGE
}

# usage: facts   What list.awk reads. Retention may remove a set while it is looked at: the others are listed all the same.
facts() {
	local directory names name may_read

	cd -- "$BACKUP_ROOT"
	find . \( -type f -o -type l \) -print0 2>/dev/null | xargs -0 -r stat -c '%s %n' 2>/dev/null || true
	find . -name SHA256SUMS -type f -print0 2>/dev/null | xargs -0 -r sha256sum 2>/dev/null || true
	for directory in . failed; do
		names="$(sets_directories "$directory")" || return $?
		for name in $names; do
			name="$directory/$name"
			[[ -d "$name" ]] || continue
			may_read=1
			set_may_be_read "$name" || may_read=0
			printf 'set\t%s\t%d\n' "${name#./}" "$may_read"
		done
	done
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
	facts | into "$WORK/facts"
	awk -F '\t' -v root="$BACKUP_ROOT" -v store="$STORE" -v now="$(date +%s)" -v user="$(id -u)" "$AWK_TEXT$AWK_JSON$AWK_MANIFEST$AWK_LIST" "$WORK/facts" 2>"$WORK/list.err" | into "$WORK/list" ||
		die "$UNREACHABLE" "the sets cannot be listed: $(tail -n 1 "$WORK/list.err")"
	if [[ -n "$json" ]]; then cat -- "$WORK/list"; else json_flatten "$WORK/list" | awk -F '\t' "$AWK_TABLE"; fi
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
