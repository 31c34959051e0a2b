#!/usr/bin/env bash
# Which sets may go, and their removal. Sourced, never run.
[[ -z "${RETENTION_SH_READ:-}" ]] || return 0
RETENTION_SH_READ=1

# shellcheck source=sets.sh
source "${BASH_SOURCE[0]%/*}/sets.sh"

# The rule, without clock or disk. Lines in: name, verified, pinned, flagged, accepted (tab-separated, oldest
# first). Lines out: names to remove. Kept are the newest `keep` verified sets, the newest verified set of each of
# the last days, weeks and months that have one, pinned sets and everything newer than the last verified one.
# shellcheck disable=SC2016
RETENTION_RULE='
function day(name,  y, m, d) { # days since 1970, by the civil calendar
	y = substr(name, 8, 4) + 0; m = substr(name, 12, 2) + 0; d = substr(name, 14, 2) + 0
	if (m <= 2) { y--; m += 12 }
	return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469
}
function tier(name, period, limit) { # true for the newest set of a period, as long as there are periods left
	if (limit <= 0 || (period in seen)) return 0
	sub(/:.*/, "", period)
	if (used[period] >= limit) return 0
	used[period]++
	return 1
}
{ name[NR] = $1; verified[NR] = $2; pinned[NR] = $3; if ($4) flagged = NR; if ($5) accepted = NR }
END {
	# The brake: data went missing, and nobody has said yet that it was meant.
	if (flagged > accepted) exit
	for (i = NR; i > 0; i--) {
		newer = !last
		if (!verified[i]) { if (!newer && !pinned[i]) print name[i]; continue }
		last = 1
		d = "d:" day(name[i]); w = "w:" int((day(name[i]) + 3) / 7); m = "m:" substr(name[i], 8, 6)
		kept = ++number <= keep
		kept += tier(name[i], d, daily) + tier(name[i], w, weekly) + tier(name[i], m, monthly)
		seen[d]; seen[w]; seen[m]
		if (!kept && !pinned[i]) print name[i]
	}
}
'

# usage: removable_sets < LIST
removable_sets() {
	awk -F '\t' -v keep="$BACKUP_KEEP" -v daily="$BACKUP_KEEP_DAILY" -v weekly="$BACKUP_KEEP_WEEKLY" \
		-v monthly="$BACKUP_KEEP_MONTHLY" "$RETENTION_RULE"
}

# usage: apply_retention LIST   LIST is list_sets' answer. Needs the lock.
apply_retention() {
	local names name flagged

	[[ -n "$1" ]] || return 0
	flagged="$(awk -F '\t' '$4 { f = $1 } $5 { f = "" } END { print f }' <<<"$1")"
	[[ -z "$flagged" ]] ||
		log "warning: retention stands still: $flagged has lost data. If that is meant: backup.sh --accept-shrink"
	names="$(removable_sets <<<"$1" | sort)"
	for name in $names; do remove_set "$name"; done
}

# usage: remove_set SET   Out of sight by one rename, then deleted: no reader ever sees half a set.
remove_set() {
	local directory="$BACKUP_ROOT/$1"

	{ exec 7<>"$directory/SHA256SUMS"; } 2>/dev/null || {
		log "warning: $1 stays: its SHA256SUMS cannot be opened"
		return 0
	}
	if flock -x -n 7; then
		step remove
		move_into "$directory" "$BACKUP_ROOT/.staging"
		make_durable "$BACKUP_ROOT"
		step removed
		rm -rf -- "$BACKUP_ROOT/.staging/$1" || log "warning: the rest of $1 is left for the next run"
		log "removed $1: the $BACKUP_KEEP newest verified sets are kept, pinned ones, and what is newer"
		step deleted
	else
		log "$1 stays for now: it is being verified"
	fi
	exec 7>&-
}
