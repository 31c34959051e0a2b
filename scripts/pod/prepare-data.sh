#!/usr/bin/env bash
# The init container: decides what the data directory is to be before the server runs, and says so. Either it is kept,
# or one is built beside it (restored or fresh), compared, and put in place by one rename. Where the state is unclear it
# refuses: the database does not come up empty. Reads the store and the Secret; writes PGDATA's parent directory.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
source "$SCRIPTS/lib/verdict.bash"
source "$SCRIPTS/lib/contents.bash"
source "$SCRIPTS/lib/globals.bash"
source "$SCRIPTS/lib/objects.bash"
source "$SCRIPTS/lib/compare.bash"
source "$SCRIPTS/lib/archive.bash"
source "$SCRIPTS/lib/load.bash"
source "$SCRIPTS/lib/server.bash"
source "$SCRIPTS/lib/roles.bash"
source "$SCRIPTS/lib/datadir.bash"
source "$SCRIPTS/lib/pgdata.bash"
source "$SCRIPTS/lib/recover.bash"
source "$SCRIPTS/lib/swap.bash"
source "$SCRIPTS/lib/repository.bash"
source "$SCRIPTS/lib/replay.bash"
source "$SCRIPTS/lib/moment.bash"
source "$SCRIPTS/lib/regain.bash"

STARTUP_SET="${STARTUP_SET:-}"
STARTUP_TO_TIME="${STARTUP_TO_TIME:-}"

usage() {
	cat <<'USAGE'
usage: prepare-data.sh [--report]

Prepares the data directory PGDATA before the server starts: keeps a complete one, upgrades one of an older PostgreSQL
whose last set was taken (last-set.sh), restores an absent one from the newest good backup set, or starts empty where
the store has none. Refuses where the state is unclear.
  --report   prints the last decision
STARTUP_SET names the set to restore; STARTUP_ACCEPT lists what is accepted: unmarked-data fresh-start no-store
volatile-store other-store server-settings shorter-wal
STARTUP_TO_TIME is the moment, with its zone, to which an absent one is restored from the archive instead of its end.
USAGE
}

# usage: require_words   A word misspelt must not be silently nothing.
require_words() {
	local word

	for word in ${STARTUP_ACCEPT//[$'\n\t']/ }; do
		case "$word" in
		unmarked-data | fresh-start | no-store | volatile-store | other-store | server-settings | shorter-wal) ;;
		*) die "$USAGE" "STARTUP_ACCEPT has '$word': unmarked-data, fresh-start, no-store, volatile-store, other-store, server-settings and shorter-wal are allowed" ;;
		esac
	done
	[[ -z "$STARTUP_SET" || -z "$STARTUP_TO_TIME" ]] || die "$USAGE" "STARTUP_SET and STARTUP_TO_TIME name two states: only one of them is allowed"
	[[ -z "$STARTUP_TO_TIME" ]] || moment_parse "$STARTUP_TO_TIME" || die "$USAGE" "STARTUP_TO_TIME='$STARTUP_TO_TIME' is no time with its zone, such as '2026-11-22 10:15:00+00'. Nothing was touched."
	[[ -z "$STARTUP_SET" || "$STARTUP_SET" =~ $SET_NAME ]] || die "$USAGE" "STARTUP_SET='$STARTUP_SET' is not the name of a set"
}

# usage: keep WHY   The data directory as it is, or what an upgrade makes of it.
keep() {
	local major image

	major="$(pgdata_major)"
	image="$(tool_major postgres)"
	((major <= image)) || recover_refuse_newer "$major" "$image"
	if ((major < image)); then
		recover_upgrade "$major" "$image"
		return 0
	fi
	rm -f -- "$LAST" # of an upgrade that was called off
	regain_leave_behind
	pgdata_open "$PGDATA" "${ARCHIVE_LATER[@]}"
	# The socket's owner may come in without a password where the image allows it; with the old one where not.
	psql_require_server 0
	swap_drop_leftovers || log "warning: a database of an unfinished restore is left: the line above says why"
	pgdata_name_other_libc
	pgdata_complete_roles
	[[ -n "$ARCHIVE_CONF" ]] || regain_drop_slot
	server_stop || pgdata_refuse "$UNREACHABLE" "the server on $PGDATA does not stop: $(server_said)"
	[[ -f "$PGDATA/$MARK" ]] || pgdata_mark "$PGDATA" "$1"
	pgdata_decide "$1; no restore from a backup is needed"
}

# usage: inspect_store   Sets STORE_STATE to good, or says why nothing there may be used.
inspect_store() {
	if [[ ! -d "$BACKUP_ROOT" || ! -e "$BACKUP_ROOT/.store.json" ]]; then
		lack 69 no-store "the backup store $BACKUP_ROOT is missing: there is no .store.json. Mount the volume that has the backups"
	elif ! store_read_id; then
		lack 69 no-store "the backup store $BACKUP_ROOT cannot be read: .store.json is damaged or not readable"
	elif ! sets_all >/dev/null 2>&1; then
		lack 69 no-store "the backup store $BACKUP_ROOT cannot be listed, so its sets are unknown"
	elif [[ -n "$BACKUP_STORE_ID" && "$STORE" != "$BACKUP_STORE_ID" ]] && ! pgdata_accepts other-store; then
		lack 78 other-store "the backup store in $BACKUP_ROOT is $STORE, but $BACKUP_STORE_ID is expected. Mount the right volume"
	elif [[ "$BACKUP_ALLOW_VOLATILE" != 1 ]] && store_is_volatile "$BACKUP_ROOT" && ! pgdata_accepts volatile-store; then
		lack 78 volatile-store "the backup store $BACKUP_ROOT lies in memory (tmpfs): backups there do not survive. Mount a disk"
	else
		STORE_STATE=good
	fi
}

# usage: lack STATUS WORD WHY   Ends with STATUS unless the absence of a store is accepted.
lack() {
	if [[ "$2" == no-store ]] && pgdata_accepts no-store; then
		STORE_STATE=missing
		log "warning: $3; accepted by STARTUP_ACCEPT=no-store"
		return 0
	fi
	pgdata_refuse "$1" "$3. There is no data directory, and nothing is restored: the database stays down rather than come up empty." \
		"If that is meant: STARTUP_ACCEPT=$2"
}

# usage: prepare   The table of docs/backups.md, row by row. A lost volume must not end in an empty database whose backups
# rotate the good ones out (cagriekin/charts#266).
prepare() {
	local STORE_STATE=""

	recover_finish_swap
	pgdata_clear_build
	if pgdata_is_complete; then
		keep "the data directory is complete and kept"
	elif [[ -s "$PGDATA/PG_VERSION" ]] && pgdata_accepts unmarked-data; then
		keep "the data directory without our mark was adopted (STARTUP_ACCEPT=unmarked-data)"
	elif [[ -e "$PGDATA" ]] && ! rmdir -- "$PGDATA" 2>/dev/null; then # an empty one is as good as none
		pgdata_refuse "$REFUSED" "$PGDATA is there, but without our mark of completion ($MARK): a start or restore that was cut off, or another's data." \
			"If the data is good: STARTUP_ACCEPT=unmarked-data. If not: move it away, then it is restored from the newest backup"
	else
		prepare_absent
	fi
}

prepare_absent() {
	inspect_store
	if [[ "$STORE_STATE" != good ]]; then
		recover_start_fresh "there is no backup store"
		return 0
	fi
	store_lock
	[[ -z "$STARTUP_TO_TIME" || -n "$ARCHIVE_CONF" ]] || pgdata_refuse "$REFUSED" "there is no archive, so nothing can be restored to a moment ($STARTUP_TO_TIME). A set can: STARTUP_SET=backup_..."
	[[ -z "$ARCHIVE_CONF" || -n "$STARTUP_SET" ]] || ! regain || return 0
	if ! recover_has_any_set && [[ -z "$STARTUP_SET" ]]; then
		[[ ! -e "$SYSTEMS" ]] || pgdata_accepts fresh-start ||
			pgdata_refuse "$REFUSED" "the backup store $STORE has no backup, but $ARCHIVE is of a server that was there before: the database stays down rather than come up empty." \
				"If that is meant: STARTUP_ACCEPT=fresh-start"
		recover_start_fresh "the backup store $STORE has no backup yet"
		return 0
	fi
	recover_newest
}

main() {
	[[ "${1:-}" != --help ]] || { usage && exit 0; }
	if [[ "${1:-}" == --report && $# == 1 ]]; then
		# Before the first decision there is none to print.
		[[ ! -f "$JOURNAL" ]] || tail -n 1 "$JOURNAL"
		exit 0
	fi
	(($# == 0)) || die "$USAGE" "unknown option '$1'. See: prepare-data.sh --help"
	begin
	psql_prepare
	at_exit recover_say_old_data_stays
	at_exit server_stop_now
	require_words
	datadir_lock "${0##*/}"
	prepare
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
