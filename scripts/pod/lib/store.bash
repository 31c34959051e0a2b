# The store: its identity, its lock, its free space, and how a change in it becomes durable.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# The id of the store at hand, once store_require has read it.
STORE=""
LOCKED=""

# usage: store_file_system PATH   In hex: busybox and GNU agree on the number, not on the name.
store_file_system() { stat -f -c %t -- "$1"; }

# usage: store_is_volatile PATH   Status 0 yes, 1 no. A type that cannot be read ends the script: it is not "no".
store_is_volatile() {
	local type

	type="$(store_file_system "$1")" || die "$UNREACHABLE" "cannot tell the file system of $1"
	case "$type" in
	1021994 | 858458f6) return 0 ;; # tmpfs, ramfs
	*) return 1 ;;
	esac
}

# usage: store_read_id   Sets STORE; returns 69 unless BACKUP_ROOT is a store and readable, else 0.
store_read_id() {
	local flat path token id="" version=""

	STORE=""
	[[ -f "$BACKUP_ROOT/.store.json" && -r "$BACKUP_ROOT/.store.json" ]] || return 69
	flat="$(json_flatten "$BACKUP_ROOT/.store.json")" || return 69
	while IFS=$'\t' read -r path token; do
		case "$path" in
		id) json_text id "$token" ;;
		version) version="$token" ;;
		esac
	done <<<"$flat"
	[[ "$version" == 1 && "$id" =~ ^[A-Za-z0-9._-]+$ ]] || return 69
	STORE="$id"
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
	[[ "$BACKUP_ALLOW_VOLATILE" != 1 ]] || return 0
	if store_is_volatile "$BACKUP_ROOT"; then
		die "$REFUSED" "$BACKUP_ROOT lies in memory (tmpfs): what is written there is gone with the machine." \
			"Mount a disk, or set BACKUP_ALLOW_VOLATILE=1 if that is meant."
	fi
}

# usage: store_lock   The store's one exclusive lock, on descriptor 9 until the process ends.
# The kernel frees it with its holder, so there are no stale locks. The children inherit it on purpose: while
# an orphaned pg_dump still writes, nobody else may.
store_lock() {
	local waited=0 holder

	[[ -z "$LOCKED" ]] || return 0
	store_open_lock
	until flock -x -n 9; do
		if ((waited >= BACKUP_LOCK_WAIT)); then
			holder="$(head -n 1 "$BACKUP_ROOT/.lock")"
			die "$BUSY" "the store is in use by ${holder:-another process}; waited $waited s (BACKUP_LOCK_WAIT)"
		fi
		sleep 1
		waited=$((waited + 1))
	done
	LOCKED=1
	# For the message above only; who holds the lock is the kernel's knowledge. A full disk must not stop us here.
	{ printf '%s on %s, process %s, since %s\n' "${0##*/}" "${HOSTNAME:-?}" "$$" "$(utc)" >"$BACKUP_ROOT/.lock"; } 2>/dev/null ||
		log "the lock is ours, but the holder's name could not be written into it"
	step locked
}

store_open_lock() {
	if [[ -w "$BACKUP_ROOT/.lock" || (! -e "$BACKUP_ROOT/.lock" && -w "$BACKUP_ROOT") ]]; then
		{ exec 9>>"$BACKUP_ROOT/.lock"; } || die "$NO_SPACE" "cannot open $BACKUP_ROOT/.lock"
	elif [[ -r "$BACKUP_ROOT/.lock" ]]; then
		exec 9<"$BACKUP_ROOT/.lock"
	else
		die "$NO_SPACE" "cannot write to $BACKUP_ROOT: read-only, or another user's"
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
	((free >= BACKUP_MIN_FREE)) ||
		die "$NO_SPACE" "$BACKUP_ROOT has $free bytes free, BACKUP_MIN_FREE asks for $BACKUP_MIN_FREE." \
			"Nothing was removed to make room; see list.sh. Verified sets beyond BACKUP_KEEP go with the next backup that fits."
}

# usage: store_write_failed WHAT LOG [STATUS]   Ends with 73 where the disk is full, else with STATUS (69); PostgreSQL's message.
store_write_failed() {
	local said free

	said="$(tail -n 3 "$2" | tr '\n' ' ')"
	free="$(free_bytes "$BACKUP_ROOT")"
	if ((free < 1048576)) || { ! tmpdir_is_full && grep -q -i 'no space left\|quota exceeded\|read-only file system\|input/output error' "$2"; }; then
		die "$NO_SPACE" "$1: cannot write to the store ($free bytes free): $said. No set was published, none was removed."
	fi
	die "${3:-$UNREACHABLE}" "$1: $said. No set was published; the next run starts afresh."
}

# usage: store_require_writable
store_require_writable() {
	mkdir -p -- "$BACKUP_ROOT/.staging" 2>/dev/null && [[ -w "$BACKUP_ROOT" && -w "$BACKUP_ROOT/.staging" ]] ||
		die "$NO_SPACE" "cannot write to $BACKUP_ROOT: full, read-only, or another user's (this is user $(id -u))"
}

# usage: store_make_tree_durable DIRECTORY   Here as elsewhere by xargs: busybox' find -exec {} + forgets that a batch failed.
store_make_tree_durable() {
	{ find "$1" -type f -print0 | xargs -0 -r sync && find "$1" -type d -print0 | xargs -0 -r sync; } ||
		die "$NO_SPACE" "cannot write $1 to disk"
}

# usage: store_move_into PATH DIRECTORY   One rename(2). Into a directory rather than onto a name: 'mv A B' follows
# a link B into the directory it points to, and -T differs between userlands.
store_move_into() {
	mv -f -- "$1" "$2/" || die "$NO_SPACE" "cannot move $1 into $2"
	make_durable "$2"
}

# usage: store_write FILE   Stdin becomes FILE: whole or not at all.
store_write() {
	local directory aside

	directory="$(dirname -- "$1")"
	aside="$BACKUP_ROOT/.staging/.write.$$"
	{ mkdir -p -- "$aside" && cat >"$aside/${1##*/}"; } || die "$NO_SPACE" "cannot write ${1##*/} in the store"
	make_durable "$aside/${1##*/}"
	store_move_into "$aside/${1##*/}" "$directory"
	rmdir -- "$aside"
}

# usage: store_point_link NAME SET   NAME (latest, latest-verified) -> SET; an empty SET removes the link.
# Made aside and renamed over the old one: a reader finds either, never none.
store_point_link() {
	local name="$1" target="$2" aside="$BACKUP_ROOT/.staging/.link.$$" now=""

	[[ ! -L "$BACKUP_ROOT/$name" ]] || now="$(readlink "$BACKUP_ROOT/$name")"
	if [[ "$target" == "$now" ]]; then return 0; fi
	if [[ -e "$BACKUP_ROOT/$name" && ! -L "$BACKUP_ROOT/$name" ]]; then
		log "warning: $BACKUP_ROOT/$name is not a link of ours and is left alone"
	elif [[ -z "$target" ]]; then
		rm -f -- "$BACKUP_ROOT/$name"
	else
		mkdir -p -- "$aside"
		ln -s -f -n -- "$target" "$aside/$name" || die "$NO_SPACE" "cannot make the link $name"
		store_move_into "$aside/$name" "$BACKUP_ROOT"
		rmdir -- "$aside"
	fi
	step "link-$name"
}

# usage: store_sweep   Needs the lock: what wrote there is gone.
store_sweep() {
	local entry

	for entry in "$BACKUP_ROOT"/.staging/* "$BACKUP_ROOT"/.staging/.[!.]*; do
		[[ -e "$entry" || -L "$entry" ]] || continue
		log "removing unfinished work: ${entry##*/}"
		rm -rf -- "$entry" || die "$NO_SPACE" "cannot remove $entry"
		step swept
	done
}
