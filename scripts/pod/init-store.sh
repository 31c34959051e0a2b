#!/usr/bin/env bash
# Makes BACKUP_ROOT a store: writes .store.json with a new id. A directory that is a store already stays as it is.
# Reads nothing else; prints the store's id.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"

usage() {
	cat <<'USAGE'
usage: init-store.sh [--id ID]

Makes BACKUP_ROOT a store for backup sets and prints its id. Does nothing to one that already is.
  --id ID   the id to give; another id than the one found is refused (78)
USAGE
}

# usage: make_store ID
make_store() {
	local others

	# Sets whose store lost its .store.json: a new id would make them foreign for ever.
	others="$(store_of_sets)"
	[[ -z "$others" || "$others" == "$1" ]] ||
		die "$REFUSED" "$BACKUP_ROOT has sets of store $others but no .store.json. To take them over: init-store.sh --id $others"
	mkdir -p -- "$BACKUP_ROOT/.staging" "$BACKUP_ROOT/failed" || die "$NO_SPACE" "cannot write to $BACKUP_ROOT"
	: >>"$BACKUP_ROOT/.lock" || die "$NO_SPACE" "cannot write to $BACKUP_ROOT"
	store_write "$BACKUP_ROOT/.store.json" <<-JSON
		{
		 "version": 1,
		 "id": $(json_quote "$1"),
		 "created": "$(utc)"
		}
	JSON
	log "$BACKUP_ROOT is store $1 from now on"
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
	if [[ -e "$BACKUP_ROOT/.store.json" ]]; then
		store_read_id || die "$UNREACHABLE" "$BACKUP_ROOT/.store.json cannot be read or is damaged"
		[[ -z "$id" || "$id" == "$STORE" ]] ||
			die "$REFUSED" "$BACKUP_ROOT is store $STORE already, not $id. Nothing was changed."
	else
		make_store "${id:-$(cat /proc/sys/kernel/random/uuid)}"
		store_read_id || die "$UNREACHABLE" "$BACKUP_ROOT/.store.json cannot be read back"
	fi
	printf '%s\n' "$STORE"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
