#!/usr/bin/env bash
# Makes BACKUP_ROOT a store: writes .store.json with a new id. A directory that is a store already stays as it is.
# Reads nothing else; prints the store's id.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"

usage() {
	cat <<'USAGE'
usage: init-store.sh [--id ID]

Makes BACKUP_ROOT a store for backup sets and prints its id. Does nothing to one that already is. Refuses (78) a file system
that cannot keep sets: one that copies where it should rename, or whose locks keep nobody out.
  --id ID   the id to give; another id than the one found is refused (78)
USAGE
}

# usage: make_store ID   Nothing is left of a directory that cannot be one.
make_store() {
	local others

	[[ -e "$BACKUP_ROOT/.lock" || -L "$BACKUP_ROOT/.lock" ]] || at_exit clear_trial
	try_store
	# Another run may have been first.
	[[ ! -e "$BACKUP_ROOT/.store.json" ]] || return 0
	# Sets whose store lost its .store.json: a new id would make them foreign for ever.
	others="$(store_of_sets)"
	[[ -z "$others" || "$others" == "$1" ]] ||
		die "$REFUSED" "$BACKUP_ROOT has sets of store $others but no .store.json. To take them over: init-store.sh --id $others"
	store_write "$BACKUP_ROOT/.store.json" <<-JSON
		{
		 "version": 1,
		 "id": $(json_quote "$1"),
		 "created": "$(utc)"
		}
	JSON
	# Now, as a store that is full has no room for it.
	mkdir -p -- "$BACKUP_ROOT/failed" || die "$NO_SPACE" "cannot make $BACKUP_ROOT/failed"
	log "$BACKUP_ROOT is store $1 from now on"
}

# usage: try_store   What all programs do there, once: to be refused now is better than at the first backup. What they can do without
# is said.
try_store() {
	store_lock
	store_sweep
	store_write "$BACKUP_ROOT/.trial" <<<trial
	BACKUP_MIN_FREE=0 store_require_space
	ln -s -f -n -- .trial "$BACKUP_ROOT/.trial.link" 2>/dev/null ||
		log "note: $BACKUP_ROOT has no links: there will be no 'latest' in it. Programs find sets by their names"
	rm -f -- "$BACKUP_ROOT"/.trial{,.link} || die "$NO_SPACE" "cannot remove a file from $BACKUP_ROOT"
}

# At exit. Another's lock stays: its holder kept us waiting.
clear_trial() {
	if [[ -e "$BACKUP_ROOT/.store.json" ]] || { [[ -z "$LOCKED" ]] && ((status == BUSY || status > 128)); }; then return 0; fi
	rm -rf -- "$BACKUP_ROOT"/{.lock,.trial,.trial.link,..trial.new,..store.json.new}
}

# usage: store_of_sets   The store that sets found here say they belong to; nothing if there are none.
store_of_sets() {
	local name names id=""

	names="$(sets_directories)"
	for name in $names; do
		if set_read "$BACKUP_ROOT/$name"; then json_text id "${MANIFEST[store]:-null}"; fi
	done
	printf '%s\n' "$id"
}

main() {
	local id=""

	while (($# > 0)); do
		case "$1" in
		--help) usage && exit 0 ;;
		--id)
			[[ "${2:-}" =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$ ]] || die "$USAGE" "--id needs letters, digits, dots, - and _. See: init-store.sh --help"
			id="$2"
			shift 2
			;;
		*) die "$USAGE" "unknown option '$1'. See: init-store.sh --help" ;;
		esac
	done
	begin
	id="${id:-$BACKUP_STORE_ID}"
	mkdir -p -- "$BACKUP_ROOT" 2>/dev/null || die "$NO_SPACE" "cannot make the directory $BACKUP_ROOT"
	store_require_lasting
	[[ -e "$BACKUP_ROOT/.store.json" ]] || make_store "${id:-$(</proc/sys/kernel/random/uuid)}"
	store_read_id || die "$UNREACHABLE" "$BACKUP_ROOT/.store.json cannot be read or is damaged"
	[[ -z "$id" || "$id" == "$STORE" ]] ||
		die "$REFUSED" "$BACKUP_ROOT is store $STORE already, not $id. Nothing was changed."
	printf '%s\n' "$STORE"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
