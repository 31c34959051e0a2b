# The store: its identity, its lock, its free space, and how a change in it becomes durable.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# The id of the store at hand, once store_require has read it.
STORE=""
LOCKED=""
# Empty once store_lock has found that this file system cannot flush a directory.
SYNCS_DIRECTORIES=1
# The way on where a file system lacks what no store can do without.
ELSEWHERE="Put the store on another file system (docs/backups.md, \"What a store needs\")."

# usage: store_is_volatile PATH   Status 0 yes, 1 no. A type that cannot be read ends the script: it is not "no". By its number: busybox
# and GNU have names of their own.
store_is_volatile() {
	local type

	type="$(stat -f -c %t -- "$1")" || die "$UNREACHABLE" "cannot tell the file system of $1"
	[[ "$type" == 1021994 || "$type" == 858458f6 ]] # tmpfs, ramfs
}

# usage: store_read_id   Sets STORE; returns 69 unless BACKUP_ROOT is a store and readable, else 0.
store_read_id() {
	local flat id=$'\nid\t"([A-Za-z0-9._-]+)"\n'

	STORE=""
	[[ -f "$BACKUP_ROOT/.store.json" && -r "$BACKUP_ROOT/.store.json" ]] || return 69
	flat="$(json_flatten "$BACKUP_ROOT/.store.json")" && json_says "$flat" version 1 || return 69
	[[ $'\n'"$flat"$'\n' =~ $id ]] || return 69
	STORE="${BASH_REMATCH[1]}"
}

# usage: store_require   Ends with 78 or 69 unless BACKUP_ROOT is the store that is meant.
store_require() {
	local how="init-store.sh makes a directory a store, once."

	[[ -d "$BACKUP_ROOT" ]] ||
		die "$UNREACHABLE" "the store $BACKUP_ROOT is not there. Is its volume mounted?"
	[[ -e "$BACKUP_ROOT/.store.json" ]] ||
		die "$REFUSED" "$BACKUP_ROOT is not a store: it has no .store.json. Is the right volume mounted? $how"
	store_read_id || die "$UNREACHABLE" "$BACKUP_ROOT/.store.json cannot be read or is damaged"
	[[ -z "$BACKUP_STORE_ID" || "$STORE" == "$BACKUP_STORE_ID" ]] ||
		die "$REFUSED" "$BACKUP_ROOT is store $STORE, but store $BACKUP_STORE_ID is expected. Is the right volume mounted?"
	store_require_lasting
}

# usage: store_require_lasting   Ends with 78 on a file system in memory.
store_require_lasting() {
	[[ "$BACKUP_ALLOW_VOLATILE" == 1 ]] || ! store_is_volatile "$BACKUP_ROOT" ||
		die "$REFUSED" "$BACKUP_ROOT lies in memory (tmpfs): what is written there is gone with the machine." \
			"Mount a disk, or set BACKUP_ALLOW_VOLATILE=1 if that is meant."
}

# usage: store_flock -x|-s DESCRIPTOR   0 it is ours, 1 another's. Ends with 78 where there are no locks.
store_flock() { try_lock "$1" "$2" "the file system of $BACKUP_ROOT has no locks" ", and without them two runs would mix. $ELSEWHERE"; }

# usage: store_lock   The store's one exclusive lock, on descriptor 9 until the process ends.
# The kernel frees it with its holder, so there are no stale locks. The children inherit it on purpose: while
# an orphaned pg_dump still writes, nobody else may.
store_lock() {
	local waited=0 holder

	[[ -z "$LOCKED" ]] || return 0
	store_open_lock
	until store_flock -x 9; do
		if ((waited >= BACKUP_LOCK_WAIT)); then
			holder="$(head -n 1 "$BACKUP_ROOT/.lock")"
			die "$BUSY" "the store is in use by ${holder:-another process}; waited $waited s (BACKUP_LOCK_WAIT)"
		fi
		sleep 1
		waited=$((waited + 1))
	done
	LOCKED=1
	sign_lock "$BACKUP_ROOT/.lock" "${0##*/}"
	# Not by the words for EINVAL: a disk that fails says so once, and a file's flush fails with it.
	sync -- "$BACKUP_ROOT" 2>/dev/null || sync -- "$BACKUP_ROOT" 2>/dev/null || {
		SYNCS_DIRECTORIES=""
		log "note: $BACKUP_ROOT cannot flush directories: after a power cut the last set may be missing"
	}
	step locked
}

# usage: store_refuse_link PATH   What somebody planted in the place of ours is not followed.
store_refuse_link() {
	[[ ! -L "$1" ]] || die "$REFUSED" "$1 is a link, which no program of ours makes. Nothing was touched: look where it comes from, then remove it"
}

store_open_lock() {
	local lock="$BACKUP_ROOT/.lock"

	store_refuse_link "$lock"
	if [[ -w "$lock" || (! -e "$lock" && -w "$BACKUP_ROOT") ]]; then
		{ exec 9>>"$lock"; } || die "$NO_SPACE" "cannot open $lock"
	elif [[ -r "$lock" ]]; then
		exec 9<"$lock"
	else
		die "$NO_SPACE" "cannot write to $BACKUP_ROOT: read-only, or another user's (this is user $(id -u))"
	fi
}

store_unlock() {
	[[ -n "$LOCKED" ]] || return 0
	exec 9>&-
	LOCKED=""
}

# usage: store_require_space   Ends with 73 below BACKUP_MIN_FREE bytes: nothing good is removed to make room.
store_require_space() {
	local free

	free="$(free_bytes "$BACKUP_ROOT")" || die "$UNREACHABLE" "cannot tell the free space of $BACKUP_ROOT"
	((free != UNKNOWN)) || log "note: the file system of $BACKUP_ROOT does not say how much is free: BACKUP_MIN_FREE is not looked at"
	((free >= BACKUP_MIN_FREE)) ||
		die "$NO_SPACE" "$BACKUP_ROOT has $free bytes free, BACKUP_MIN_FREE asks for $BACKUP_MIN_FREE." \
			"Nothing was removed to make room; see list.sh. Verified sets beyond BACKUP_KEEP go with the next backup that fits."
}

# usage: store_write_failed WHAT LOG [STATUS]   Ends with 73 where the disk is full, else with STATUS (69); PostgreSQL's message.
store_write_failed() {
	local said free

	said="$(tail -n 3 "$2" | tr '\n' ' ')"
	free="$(free_bytes "$BACKUP_ROOT")" || die "$UNREACHABLE" "$1: the store $BACKUP_ROOT went away: $said. No set was published."
	if ((free < 1048576)) || { ! tmpdir_is_full && grep -q -i 'no space left\|quota exceeded\|read-only file system\|input/output error' "$2"; }; then
		die "$NO_SPACE" "$1: cannot write to the store: $said. No set was published, none was removed."
	fi
	die "${3:-$UNREACHABLE}" "$1: $said. No set was published; the next run starts afresh."
}

# usage: store_require_writable
store_require_writable() {
	[[ -w "$BACKUP_ROOT" ]] || die "$NO_SPACE" "cannot write to $BACKUP_ROOT: read-only, or another user's (this is user $(id -u))"
}

# usage: store_make_tree_durable PATH   Here as elsewhere by xargs: busybox' find -exec {} + forgets that a batch failed.
store_make_tree_durable() {
	{ find "$1" -type f -print0 | xargs -0 -r sync && { [[ -z "$SYNCS_DIRECTORIES" ]] || find "$1" -type d -print0 | xargs -0 -r sync; }; } ||
		die "$NO_SPACE" "cannot write $1 to disk"
}

# usage: store_sync DIRECTORY...   Makes renames in it durable, where that can be done.
store_sync() { [[ -z "$SYNCS_DIRECTORIES" ]] || make_durable "$@"; }

# usage: store_aside PATH   Sets STORE_ASIDE: where what becomes PATH is made, and nothing lies there any more. Beside it, because some mounts
# (9p) rename within one directory only.
store_aside() {
	STORE_ASIDE="${1%/*}/.${1##*/}.new"
	store_refuse_link "$STORE_ASIDE"
	rm -rf -- "$STORE_ASIDE" || die "$NO_SPACE" "cannot remove $STORE_ASIDE, which an earlier run left"
}

# usage: store_require_held   A mount that went away leaves its empty directory, and what is written there no one finds again.
store_require_held() {
	[[ "$BACKUP_ROOT/.lock" -ef /dev/fd/9 ]] || die "$UNREACHABLE" "the store went away from $BACKUP_ROOT in mid-run. Mount it, then try again"
}

# usage: store_rename FROM TO   One rename(2) in one directory, durable. Needs the lock.
store_rename() {
	local inode now

	store_require_held
	# mv goes into a directory, and into one that a link leads to.
	[[ ! -d "$2" && ! -L "$2" ]] || die "$REFUSED" "$2 is in the way: look what it is, and move it out of the store"
	{ inode="$(stat -c %i -- "$1")" && mv -f -- "$1" "$2"; } || die "$NO_SPACE" "cannot rename $1 to ${2##*/}"
	now="$(stat -c %i -- "$2")" || die "$UNREACHABLE" "${2##*/} has its name, but cannot be looked at any more"
	[[ "$now" == "$inode" ]] || die "$REFUSED" "$2 was copied where it should have been renamed: half of it could have been seen. $ELSEWHERE"
	store_sync "${2%/*}"
}

# usage: store_write FILE   Stdin becomes FILE: whole or not at all.
store_write() {
	store_aside "$1"
	cat >"$STORE_ASIDE" || die "$NO_SPACE" "cannot write ${1##*/} in the store"
	make_durable "$STORE_ASIDE"
	store_rename "$STORE_ASIDE" "$1"
}

# usage: store_point_link NAME SET   NAME (latest, latest-verified) -> SET; an empty SET removes the link. Made aside and moved over the
# old one: a reader finds either, never none. Into a directory rather than onto a name: 'mv A B' follows a link B, and busybox'
# -T refuses one. Links are for people, programs go by names: status 1, with a warning, where it cannot be made.
store_point_link() {
	local name="$1" target="$2" now="" status=0

	[[ ! -L "$BACKUP_ROOT/$name" ]] || now="$(readlink "$BACKUP_ROOT/$name")"
	if [[ "$target" == "$now" ]]; then return 0; fi
	if [[ -e "$BACKUP_ROOT/$name" && ! -L "$BACKUP_ROOT/$name" ]]; then
		log "warning: $BACKUP_ROOT/$name is not a link of ours and is left alone"
	elif [[ -z "$target" ]]; then
		rm -f -- "$BACKUP_ROOT/$name" 2>"$WORK/link" || status=1
	else
		store_aside "$BACKUP_ROOT/$name"
		{ mkdir -- "$STORE_ASIDE" && ln -s -- "$target" "$STORE_ASIDE/$name" && mv -f -- "$STORE_ASIDE/$name" "$BACKUP_ROOT/" && rmdir -- "$STORE_ASIDE"; } 2>"$WORK/link" || {
			status=1
			rm -rf -- "$STORE_ASIDE"
		}
	fi
	((status == 0)) || log "warning: the link $name to '$target' cannot be made ($(<"$WORK/link")). Sets are found by their names all the same"
	step "link-$name"
	return "$status"
}

# usage: store_sweep   Removes what runs that are gone have left, in .staging those of earlier releases. Needs the lock, and one that
# keeps others out: some mounts (Docker Desktop's) say yes to everybody.
store_sweep() {
	local entry

	store_require_held
	! flock -x -n "$BACKUP_ROOT/.lock" true 2>/dev/null ||
		die "$REFUSED" "the locks of $BACKUP_ROOT keep nobody out: two runs would remove each other's work. $ELSEWHERE"
	for entry in "$BACKUP_ROOT"/{.staging,.{backup_[0-9],latest}*.new,backup_[0-9]*/.{{verified,unverified,read,pinned,failed}.json,{key,findings}.age}.new}; do
		# A set that is a link is none.
		[[ -e "$entry" || -L "$entry" ]] && [[ ! -L "${entry%/*}" || "${entry%/*}" == "$BACKUP_ROOT" ]] || continue
		store_refuse_link "$entry"
		log "removing unfinished work: ${entry##*/}"
		rm -rf -- "$entry" || die "$NO_SPACE" "cannot remove $entry"
		step swept
	done
}
