#!/usr/bin/env bash
# The init container: decides what the data directory is to be before the server runs, and says so. Either it is kept,
# or one is built beside it (restored or fresh), compared, and put in place by one rename. Where the state is unclear it
# refuses: the database does not come up empty. Reads the store and the Secret; writes PGDATA's parent directory.

# shellcheck source=data.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/data.sh"
# shellcheck source=upgrade.sh
source "$SCRIPTS/upgrade.sh"

STARTUP_SET="${STARTUP_SET:-}"

usage() {
	cat <<'USAGE'
usage: prepare-data.sh [--report]

Prepares the data directory PGDATA before the server starts: keeps a complete one, upgrades one of an older PostgreSQL
whose last set was taken (last-set.sh), restores an absent one from the newest good backup set, or starts empty where
the store has none. Refuses where the state is unclear.
  --report   prints the last decision
STARTUP_SET names the set to restore; STARTUP_ACCEPT lists what is accepted: unmarked-data fresh-start no-store
volatile-store other-store
USAGE
}

# usage: require_words   A word misspelt must not be silently nothing.
require_words() {
	local word

	for word in ${STARTUP_ACCEPT//[$'\n\t']/ }; do
		case "$word" in
		unmarked-data | fresh-start | no-store | volatile-store | other-store) ;;
		*) die "$USAGE" "STARTUP_ACCEPT has '$word': unmarked-data, fresh-start, no-store, volatile-store and other-store are allowed" ;;
		esac
	done
	[[ -z "$STARTUP_SET" || "$STARTUP_SET" =~ $SET_NAME ]] || die "$USAGE" "STARTUP_SET='$STARTUP_SET' is no set's name"
}

# usage: keep WHY   The data directory as it is, or what an upgrade makes of it.
keep() {
	local major image

	major="$(data_major)"
	image="$(tool_major postgres)"
	((major <= image)) || refuse_newer "$major" "$image"
	if ((major < image)); then
		upgrade "$major" "$image"
		return 0
	fi
	rm -f -- "$LAST" # of an upgrade that was called off
	open_data "$PGDATA" "${ARCHIVE_LATER[@]}"
	# The socket's owner may come in without a password where the image allows it; with the old one where not.
	require_server 0
	complete_roles
	stop_server || refuse "$UNREACHABLE" "the server on $PGDATA does not stop: $(server_said)"
	[[ -f "$PGDATA/$MARK" ]] || mark "$PGDATA" "$1"
	decide "$1; no restore from a backup is needed"
}

# usage: start_fresh WHY
start_fresh() {
	log "$1: starting fresh"
	make_cluster
	open_data "$BUILD" -c archive_mode=off
	put_in_place "$1: started fresh, no restore"
}

# usage: inspect_store   Sets STORE_STATE to good, or says why nothing there may be used.
inspect_store() {
	if [[ ! -d "$BACKUP_ROOT" || ! -e "$BACKUP_ROOT/.store.json" ]]; then
		lack 69 no-store "the backup store $BACKUP_ROOT is missing: there is no .store.json. Mount the volume that has the backups"
	elif ! read_store_id; then
		lack 69 no-store "the backup store $BACKUP_ROOT cannot be read: .store.json is damaged or not readable"
	elif ! all_directories >/dev/null 2>&1; then
		lack 69 no-store "the backup store $BACKUP_ROOT cannot be listed, so nobody can tell which sets it has"
	elif [[ -n "$BACKUP_STORE_ID" && "$STORE" != "$BACKUP_STORE_ID" ]] && ! accepts other-store; then
		lack 78 other-store "the backup store in $BACKUP_ROOT is $STORE, but $BACKUP_STORE_ID is expected. Mount the right volume"
	elif [[ "$BACKUP_ALLOW_VOLATILE" != 1 ]] && is_volatile "$BACKUP_ROOT" && ! accepts volatile-store; then
		lack 78 volatile-store "the backup store $BACKUP_ROOT lies in memory (tmpfs): backups there do not survive. Mount a disk"
	else
		STORE_STATE=good
	fi
}

# usage: lack STATUS WORD WHY   Ends with STATUS unless the absence of a store is accepted.
lack() {
	if [[ "$2" == no-store ]] && accepts no-store; then
		STORE_STATE=missing
		log "warning: $3; accepted by STARTUP_ACCEPT=no-store"
		return 0
	fi
	refuse "$1" "$3. There is no data directory, and nothing is restored: the database stays down rather than come up empty." \
		"If that is meant: STARTUP_ACCEPT=$2"
}

# usage: prepare   The table of the design, row by row.
prepare() {
	local STORE_STATE=""

	# The lock keeps two starts apart, and the data directory has only one user.
	finish_swap
	clear_build
	if is_complete; then
		keep "the data directory is complete and kept"
	elif [[ -s "$PGDATA/PG_VERSION" ]] && accepts unmarked-data; then
		keep "the data directory without our mark was adopted (STARTUP_ACCEPT=unmarked-data)"
	elif [[ -e "$PGDATA" ]] && ! rmdir -- "$PGDATA" 2>/dev/null; then # an empty one is as good as none
		refuse "$REFUSED" "$PGDATA is there, but without our mark of completion ($MARK): a start or restore that was cut off, or another's data." \
			"If the data is good: STARTUP_ACCEPT=unmarked-data. If not: move it away, then it is restored from the newest backup"
	else
		prepare_absent
	fi
}

prepare_absent() {
	inspect_store
	if [[ "$STORE_STATE" != good ]]; then
		start_fresh "there is no backup store"
		return 0
	fi
	take_lock
	if [[ -w "$BACKUP_ROOT" ]]; then mkdir -p -- "$BACKUP_ROOT/.staging"; fi
	if ! has_any_set && [[ -z "$STARTUP_SET" ]]; then
		start_fresh "the backup store $STORE has no backup yet"
		return 0
	fi
	restore_newest
}

main() {
	if [[ "${1:-}" == --help ]]; then
		usage
		exit 0
	fi
	if [[ "${1:-}" == --report && $# == 1 ]]; then
		# Before the first decision there is none to print.
		[[ ! -f "$JOURNAL" ]] || tail -n 1 "$JOURNAL"
		exit 0
	fi
	(($# == 0)) || die "$USAGE" "unknown option '$1'. See: prepare-data.sh --help"
	begin
	at_exit say_old_data_stays
	at_exit stop_server_now
	require_words
	mkdir -p -- "$(dirname -- "$PGDATA")" || die "$NO_SPACE" "cannot make $(dirname -- "$PGDATA")"
	prepare
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
