# Proof has an age. The bytes of all kept sets are read again within VERIFY_SCRUB_DAYS, and the verified set that was restored
# longest ago is restored again within VERIFY_REPEAT_DAYS: a little in each run of verify.sh --pending.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# 0: never again.
VERIFY_SCRUB_DAYS="${VERIFY_SCRUB_DAYS:-7}"
VERIFY_REPEAT_DAYS="${VERIFY_REPEAT_DAYS:-35}"

# usage: proof_time DIRECTORY KEY...   When the set's bytes were found whole: the later of the times that KEY.json has under KEY, for
# these very bytes; the time in its name where there is none.
proof_time() {
	local directory="$1" key flat sums at latest

	shift
	latest="$(epoch "${directory##*/}")" || latest=0
	sums="$(sum_of "$directory/SHA256SUMS")" || return $?
	for key in "$@"; do
		flat="$(json_flatten "$directory/$key.json" 2>/dev/null)" && json_says "$flat" sums "\"$sums\"" || continue
		at="$(awk -F '\t' -v key="$key" '$1 == key { print $2 }' <<<"$flat")"
		at="$(epoch "$at")" || continue
		if ((at > latest)); then latest="$at"; fi
	done
	printf '%s\n' "$latest"
}

# usage: proof_due LIST DAYS KEY...   Names of LIST (lines of sets_list) whose proof is older than half of DAYS, the oldest first: a
# run that did not come to it leaves time for another.
proof_due() {
	local list="$1" days="$2" name at now

	shift 2
	((days > 0)) || return 0
	now="$(date +%s)"
	cut -f 1 <<<"$list" | while IFS= read -r name; do
		[[ -n "$name" ]] || continue
		at="$(proof_time "$BACKUP_ROOT/$name" "$@")" || return "$UNREACHABLE"
		# Either way: a time that is still to come proves nothing.
		if ((now - at >= days * 43200 || at - now >= days * 43200)); then printf '%s\t%s\n' "$at" "$name"; fi
	done | sort -n | cut -f 2
}

# usage: proof_read SET   All its bytes, against SHA256SUMS: read.json says when. Status 65 where they are not what was written.
proof_read() {
	local directory="$BACKUP_ROOT/$1" status=0

	set_hold "$directory" || return 0 # it is being removed
	set_read "$directory" && set_check_sums "$directory" || status=$?
	case $status in
	0)
		verdict_lock "$1" && verdict_note read.json "$1" "" "${0##*/}" && store_unlock
		log "$1 was read again: all bytes are what was written"
		;;
	"$BROKEN") verdict_bad "$1" "$WHY" ;;
	*) log "warning: $1 cannot be read here: $WHY" && status=0 ;;
	esac
	set_release
	return "$status"
}
