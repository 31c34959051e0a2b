#!/usr/bin/env bash
# Pins a published set, so that retention never removes it, or takes the pin back.
# Reads the set's manifest; writes its pinned.json, which has the last word, and nothing else. Prints what holds now.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"

usage() {
	cat <<'USAGE'
usage: pin.sh SET|latest|latest-verified [--remove]

Pins a published set: retention never removes it. Prints the set's name and "pinned" or "not pinned".
  --remove   takes the pin back, also that of backup.sh --pin
Exit status: 0 done, 65 no such set, or one that is damaged or set aside, 73 the store cannot be written, 75 the store is
in use, 78 another store's set.
USAGE
}

# usage: require_ours SET   Ends unless it is a published set of this store. Whether it is good is verify.sh's to say.
require_ours() {
	[[ ! "$1" =~ $SET_NAME || -d "$BACKUP_ROOT/$1" || ! -d "$BACKUP_ROOT/failed/$1" ]] ||
		die "$BROKEN" "$1 did not verify and lies in failed/, where nothing removes it. Nothing was changed. See: list.sh"
	sets_resolve "$1" >/dev/null
	set_read "$BACKUP_ROOT/$1" || die "$BROKEN" "$1 cannot be used: $WHY. Nothing was changed. See: list.sh"
	[[ "${MANIFEST[store]:-}" == "\"$STORE\"" ]] ||
		die "$REFUSED" "$1 was made for store ${MANIFEST[store]:-none}, this is store $STORE. Nothing was changed."
}

# usage: write_pin SET true|false   Beside the manifest and outside of SHA256SUMS, as verified.json: the set itself is immutable.
write_pin() {
	step pin
	store_write "$BACKUP_ROOT/$1/pinned.json" <<-JSON
		{
		 "version": 1,
		 "set": "$1",
		 "pinned": $2,
		 "changed": "$(utc)",
		 "by": "${0##*/}"
		}
	JSON
	step pin-written
}

main() {
	local set="" pinned=true words=pinned

	while (($# > 0)); do
		case "$1" in
		--help) usage && exit 0 ;;
		--remove) pinned=false words="not pinned" ;;
		-*) die "$USAGE" "unknown option '$1'. See: pin.sh --help" ;;
		*)
			[[ -n "$1" && -z "$set" ]] || die "$USAGE" "one set is needed, '$1' is too much or empty. See: pin.sh --help"
			set="$1"
			;;
		esac
		shift
	done
	[[ -n "$set" ]] || die "$USAGE" "which set? See: pin.sh --help"
	begin
	store_require
	store_require_writable
	# Retention has the lock while it removes: a set that is there now stays there until it is pinned.
	store_lock
	if [[ "$set" == latest* ]]; then set="$(sets_resolve "$set")"; fi
	require_ours "$set"
	write_pin "$set" "$pinned"
	log "$set is $words from now on"
	printf '%s %s\n' "$set" "$words"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
