# The sets of a store: finding and naming them, the links to them, and retention: which may go, and their removal.
# A set is a directory backup_YYYYMMDD_HHMMSS whose manifest.json names this set and this store.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_RETENTION awk/retention.awk

# usage: sets_directories [DIRECTORY]   What is called like a set, whatever is in it, oldest first: by the time in
# its name, never by mtime (wal-g/wal-g#636).
# Status 69 where that cannot be found out: a pattern that matches nothing would make an unreadable directory look empty.
sets_directories() {
	local directory="${1:-$BACKUP_ROOT}" name names

	[[ -e "$directory" ]] || return 0
	# The slash cannot be part of a name: without it the answer is not whole.
	names="$(ls -- "$directory" && echo /)" || return "$UNREACHABLE"
	[[ "$names" == */ ]] || return "$UNREACHABLE"
	while IFS= read -r name; do
		[[ "$name" =~ $SET_NAME && -d "$directory/$name" && ! -L "$directory/$name" ]] || continue
		printf '%s\n' "$name"
	done <<<"$names" || return "$UNREACHABLE"
}

# usage: sets_all   The same, and after them those that were set aside.
sets_all() { sets_directories && sets_directories "$BACKUP_ROOT/failed"; }

# usage: sets_are_there   0 if one of this store is there, in whatever state, else 1.
sets_are_there() {
	local name

	for name in $(sets_directories); do
		if set_read_own "$BACKUP_ROOT/$name" || [[ "$KIND" != foreign ]]; then return 0; fi
	done
	return 1
}

# usage: sets_list   One line a set of this store that counts, oldest first: name, verified, pinned, flagged, accepted
# (0/1).
sets_list() {
	local name names flags verified here status

	# Without the programs it cannot be found out: then every set counts as a newer version's, and stays.
	here="$(tool_major pg_dump)" || here=0
	names="$(sets_directories)" || return $?
	for name in $names; do
		status=0
		flags="$(set_flags "$name" "$here")" || status=$?
		((status != 1)) || continue
		((status == 0)) || return "$status"
		verified=0
		if set_is_verified "$BACKUP_ROOT/$name"; then verified=1; fi
		printf '%s\t%s\t%s\n' "$name" "$verified" "$flags"
	done
}

# usage: sets_newest LIST [COLUMN VALUE]   The newest line's name whose COLUMN (2 verified .. 5 accepted) is VALUE.
sets_newest() {
	awk -F '\t' -v column="${2:-1}" -v value="${3:-}" \
		'column == 1 || $column == value { name = $1 } END { print name }' <<<"$1"
}

# usage: sets_refresh_links [LIST]   Both links to where they belong, by sets_list. Needs the lock.
sets_refresh_links() {
	local list newest verified

	# The first listing has given the warnings.
	list="${1-$(sets_list 2>/dev/null)}" || {
		log "warning: the sets cannot be listed, so the links stay where they are"
		return "$UNREACHABLE"
	}
	newest="$(sets_newest "$list")" && verified="$(sets_newest "$list" 2 1)" || return "$UNREACHABLE"
	# Where one cannot be made the other cannot either, and it has been said.
	store_point_link latest "$newest" && store_point_link latest-verified "$verified" || true
}

# usage: sets_next_name   Now, or one second after the newest name, whichever is later: names never go backwards,
# whatever the clock does. What was never a set of this store does not count, whatever it is called.
sets_next_name() {
	local now names name directory

	now="$(date -u +%Y%m%d_%H%M%S)"
	names="$(sets_all | awk -v now="backup_$now" '$0 >= now' | sort -r)"
	for name in $names; do
		directory="$BACKUP_ROOT/$name"
		[[ -d "$directory" ]] || directory="$BACKUP_ROOT/failed/$name"
		{ set_read_own "$directory" || [[ "$KIND" != foreign ]]; } && epoch "$name" >/dev/null 2>&1 || continue
		log "warning: the clock says $now, the newest set is $name: going on from there. If its time is wrong: docs/backups.md, \"Names from the future\""
		now="$(sets_following "${name#backup_}")"
		break
	done
	# Somebody else's directory may have the name.
	name="backup_$now"
	while [[ -e "$BACKUP_ROOT/$name" || -L "$BACKUP_ROOT/$name" || -e "$BACKUP_ROOT/failed/$name" ]]; do
		now="$(sets_following "$now")"
		name="backup_$now"
	done
	printf '%s\n' "$name"
}

# usage: sets_following YYYYMMDD_HHMMSS   One second later.
sets_following() {
	local seconds

	# A name with an impossible date (a month 13) sorts all the same; then only its own tail can be counted on.
	seconds="$(epoch "$1")" || die "$REFUSED" "backup_$1 is not a date: move it out of the store"
	date -u -d "@$((seconds + 1))" +%Y%m%d_%H%M%S
}

# usage: sets_resolve NAME   Prints the set that NAME (a set, latest, latest-verified) means. From the sets themselves: a link may be
# stale after a crash, or lead anywhere. Latest is the newest of this store in a format that is known here; one that is damaged
# or cannot be read is not passed over for an older one: who uses it refuses it.
sets_resolve() {
	local names list each name=""

	case "$1" in
	latest)
		names="$(sets_directories | sort -r)"
		for each in $names; do
			if set_read_own "$BACKUP_ROOT/$each" || [[ "$KIND" != foreign && "$KIND" != newer ]]; then
				name="$each"
				break
			fi
			log "warning: $each does not count: $WHY"
		done
		;;
	latest-verified)
		list="$(sets_list)"
		name="$(sets_newest "$list" 2 1)"
		;;
	*)
		[[ "$1" =~ $SET_NAME ]] || die "$USAGE" "'$1' is not the name of a set: backup_YYYYMMDD_HHMMSS, latest or latest-verified. See: list.sh"
		[[ -d "$BACKUP_ROOT/$1" && ! -L "$BACKUP_ROOT/$1" ]] || die "$BROKEN" "there is no set $1 in $BACKUP_ROOT. See: list.sh"
		name="$1"
		;;
	esac
	[[ -n "$name" ]] || die "$BROKEN" "there is no set for '$1' in $BACKUP_ROOT. See: list.sh"
	printf '%s\n' "$name"
}

# usage: sets_removable < LIST
sets_removable() {
	awk -F '\t' -v keep="$BACKUP_KEEP" -v daily="$BACKUP_KEEP_DAILY" -v weekly="$BACKUP_KEEP_WEEKLY" \
		-v monthly="$BACKUP_KEEP_MONTHLY" "$AWK_RETENTION"
}

# usage: sets_flagged LIST   The newest set that has lost data, as long as nobody has said that this is meant.
sets_flagged() { awk -F '\t' '$4 { f = $1 } $5 { f = "" } END { print f }' <<<"$1"; }

# usage: sets_retain LIST   LIST is sets_list's answer. Needs the lock.
sets_retain() {
	local names name flagged

	[[ -n "$1" ]] || return 0
	flagged="$(sets_flagged "$1")"
	[[ -z "$flagged" ]] ||
		log "warning: retention stands still: $flagged has lost data. If that is meant: backup.sh --accept-shrink"
	names="$(sets_removable <<<"$1" | sort)"
	for name in $names; do sets_remove "$name"; done
}

# usage: sets_remove SET   Out of sight by one rename, then deleted: no reader ever sees half a set.
sets_remove() {
	local directory="$BACKUP_ROOT/$1"

	{ exec 7<>"$directory/SHA256SUMS"; } 2>/dev/null || {
		log "warning: $1 stays: its SHA256SUMS cannot be opened"
		return 0
	}
	if store_flock -x 7; then
		step remove
		store_aside "$directory"
		store_rename "$directory" "$STORE_ASIDE"
		step removed
		rm -rf -- "$STORE_ASIDE" || log "warning: the rest of $1 is left for the next run"
		log "removed $1: the $BACKUP_KEEP newest verified sets are kept, pinned ones, and what is newer"
		step deleted
	else
		log "$1 stays for now: it is being verified"
	fi
	exec 7>&-
}
