# Proof has an age. The bytes of all kept sets are read again within VERIFY_SCRUB_DAYS, and the verified set that was restored
# longest ago is restored again within VERIFY_REPEAT_DAYS: a little in each run of verify.sh --pending.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# 0: never again.
VERIFY_SCRUB_DAYS="${VERIFY_SCRUB_DAYS:-7}"
VERIFY_REPEAT_DAYS="${VERIFY_REPEAT_DAYS:-35}"

# usage: proof_times DIRECTORY   When the set was restored TAB when its bytes were found whole, by a restore too: by verified.json and
# read.json about these very bytes; the time in its name where there is none.
proof_times() {
	local directory="$1" key flat sums at latest restored=""

	latest="$(epoch "${directory##*/}")" || latest=0
	sums="$(sum_of "$directory/SHA256SUMS")" || return $?
	for key in verified read; do
		if flat="$(json_flatten "$directory/$key.json" 2>/dev/null)" && json_says "$flat" sums "\"$sums\""; then
			at="$(awk -F '\t' -v key="$key" '$1 == key { print $2 }' <<<"$flat")"
			at="$(epoch "$at")" || at=0
			if ((at > latest)); then latest="$at"; fi
		fi
		restored="${restored:-$latest}"
	done
	printf '%s\t%s\n' "$restored" "$latest"
}

# usage: proof_due LIST DAYS 1|2   Names of LIST (lines of sets_list) whose proof, that column of proof_times, is older than half of
# DAYS, the oldest first: a run that did not come to it leaves time for another.
proof_due() {
	local list="$1" days="$2" name at now

	((days > 0)) || return 0
	now="$(date +%s)"
	cut -f 1 <<<"$list" | while IFS= read -r name; do
		[[ -n "$name" ]] || continue
		at="$(proof_times "$BACKUP_ROOT/$name" | cut -f "$3")" || return "$UNREACHABLE"
		# Either way: a time that is still to come proves nothing.
		if ((now - at >= days * 43200 || at - now >= days * 43200)); then printf '%s\t%s\n' "$at" "$name"; fi
	done | sort -n | cut -f 2
}
