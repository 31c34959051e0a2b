#!/usr/bin/env bash
# The init container: decides what the data directory is to be before the server runs, and says so. Either it is kept,
# or one is built beside it (restored or fresh), compared, and put in place by one rename. Where the state is unclear it
# refuses: the database does not come up empty. Reads the store and the Secret; writes PGDATA's parent directory.

# shellcheck source=load.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/load.sh"
# shellcheck source=build.sh
source "$SCRIPTS/build.sh"
# shellcheck source=verdict.sh
source "$SCRIPTS/verdict.sh"

PGDATA="${PGDATA:-/var/lib/postgresql/data/pgdata}"
BUILD="$(dirname -- "$PGDATA")/pgdata.init"
JOURNAL="$(dirname -- "$PGDATA")/startup.log"
MARK=.brewget-complete
STARTUP_SET="${STARTUP_SET:-}"
STARTUP_ACCEPT="${STARTUP_ACCEPT:-}"

usage() {
	cat <<'USAGE'
usage: prepare-data.sh [--report]

Prepares the data directory PGDATA before the server starts: keeps a complete one, restores an absent one from the
newest good backup set, or starts empty where the store has none. Refuses where the state is unclear.
  --report   prints the last decision
STARTUP_SET names the set to restore; STARTUP_ACCEPT lists what is accepted: unmarked-data fresh-start no-store
volatile-store other-store
USAGE
}

# usage: decide MESSAGE...   One line to the log and to the journal, for those who ask later.
decide() {
	log "$*"
	printf '%s %s\n' "$(utc)" "$*" >>"$JOURNAL" || die "$NO_SPACE" "cannot write $JOURNAL"
}

# usage: refuse STATUS MESSAGE...
refuse() {
	local status="$1"

	shift
	# A journal that cannot be written must not hide the reason.
	printf '%s refused: %s\n' "$(utc)" "$*" >>"$JOURNAL" 2>/dev/null || log "warning: $JOURNAL cannot be written"
	die "$status" "$*"
}

# usage: accepts WORD   0 if STARTUP_ACCEPT has it, else 1.
accepts() { [[ " ${STARTUP_ACCEPT//[$'\n\t']/ } " == *" $1 "* ]]; }

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

# usage: keep WHY   The data directory as it is.
keep() {
	local major

	major="$(cat -- "$PGDATA/PG_VERSION")"
	[[ -z "${PG_MAJOR:-}" || "$major" == "$PG_MAJOR" ]] ||
		refuse "$REFUSED" "the data directory is of PostgreSQL $major, this image is $PG_MAJOR: take a backup with the old image, then restore it with the new one"
	open_data "$PGDATA"
	# The socket's owner may come in without a password where the image allows it; with the old one where not.
	require_server
	complete_roles
	stop_server || refuse "$UNREACHABLE" "the server on $PGDATA does not stop: $(server_said)"
	[[ -f "$PGDATA/$MARK" ]] || mark "$PGDATA" "$1"
	decide "$1; no restore from a backup is needed"
}

# usage: start_fresh WHY
start_fresh() {
	log "$1: starting fresh"
	make_cluster
	open_data "$BUILD"
	put_in_place "$1: started fresh, no restore"
}

# usage: inspect_store   Sets STORE_STATE to good, or says why nothing there may be used.
inspect_store() {
	if [[ ! -d "$BACKUP_ROOT" || ! -e "$BACKUP_ROOT/.store.json" ]]; then
		lack 69 no-store "the backup store $BACKUP_ROOT is missing: there is no .store.json. Mount the volume that has the backups"
	elif ! read_store_id; then
		lack 69 no-store "the backup store $BACKUP_ROOT cannot be read: .store.json is damaged or not readable"
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

# usage: restorable_sets   Names to try, newest first: STARTUP_SET alone, or all that are not flagged.
restorable_sets() {
	local list

	if [[ -n "$STARTUP_SET" ]]; then
		printf '%s\n' "$STARTUP_SET"
		return
	fi
	list="$(list_sets)"
	awk -F '\t' '$1 != "" && $4 == 0 { print $1 }' <<<"$list" | sort -r
}

# usage: has_any_set   0 if the store has or had sets, whatever their state: then an empty database is no answer. Else 1.
has_any_set() {
	local names

	names="$({ candidate_names && candidate_names "$BACKUP_ROOT/failed"; })"
	[[ -n "$names" ]] || return 1
}

# usage: try_set SET   Builds a cluster with the set in it. Status 0, or 65 with WHY if the set is bad.
# Anything else that goes wrong is not the set's fault and ends the script.
try_set() {
	local directory="$BACKUP_ROOT/$1" status=0

	CURRENT="its files"
	read_manifest "$directory" || return 65
	hold_set "$directory" || {
		WHY="it has no SHA256SUMS"
		return 65
	}
	check_sums "$directory" || return 65
	step sums-checked
	log "restoring $1 from the backup store"
	SECONDS=0
	make_cluster
	open_data "$BUILD"
	require_versions
	restore_all_fresh "$directory" || status=$?
	RESTORED=$SECONDS
	case $status in
	0) return 0 ;;
	65)
		stop_server_now
		return 65
		;;
	*) refuse "$status" "the restore of $1 stopped at $CURRENT: $WHY. That is not the set's fault; it is tried again at the next start" ;;
	esac
}

# usage: set_aside_if_possible SET WHY
set_aside_if_possible() {
	if [[ -n "$STARTUP_SET" ]]; then
		log "$1 was asked for by name and stays where it is"
	elif [[ -w "$BACKUP_ROOT" ]]; then
		set_aside "$1" "$2"
	else
		log "warning: $1 stays where it is, the backup store is read-only"
	fi
}

# usage: restore_newest   Walks back from the newest set to the first that can be proven.
restore_newest() {
	local names name newest="" lost="" RESTORED=0 CURRENT=""

	names="$(restorable_sets)"
	for name in $names; do
		newest="${newest:-$name}"
		if try_set "$name"; then
			[[ "$name" == "$newest" ]] || lost=". Newer backups were broken: what changed in the $(span "$name" "$newest") until $newest is lost"
			finish_restore "$name" "$lost"
			return 0
		fi
		log "error: the backup $name cannot be restored: $CURRENT: $WHY"
		release_set_if_held
		set_aside_if_possible "$name" "$CURRENT: $WHY"
		step walked-back
	done
	rm -rf -- "$BUILD"
	no_good_set
}

# usage: span OLDER NEWER   The time between two sets.
span() {
	local seconds

	seconds=$(($(epoch "$2") - $(epoch "$1")))
	printf '%d h %02d min %02d s' "$((seconds / 3600))" "$((seconds / 60 % 60))" "$((seconds % 60))"
}

release_set_if_held() { exec 8<&-; }

# usage: finish_restore SET LOST
finish_restore() {
	local started

	json_text started "${MANIFEST[started]}"
	put_in_place "restored from backup $1 of $started, equal to its manifest$2"
	# The restore was the proof; a store that cannot be written does without the note.
	if [[ -w "$BACKUP_ROOT" ]] && ! is_verified "$BACKUP_ROOT/$1"; then
		record_good "$1" "$RESTORED" "$SECONDS" 0 "not given" prepare-data.sh >"$WORK/verdict"
	fi
}

# usage: no_good_set   Sets there are, but none that can be restored.
no_good_set() {
	local names

	if accepts fresh-start; then
		start_fresh "no good backup in the store $STORE, accepted by STARTUP_ACCEPT=fresh-start"
		return 0
	fi
	names="$({ candidate_names && candidate_names "$BACKUP_ROOT/failed"; } | sort -r | head -n 5 | tr '\n' ' ')"
	refuse "$BROKEN" "the backup store $BACKUP_ROOT has sets, but none that may be restored by itself (broken, flagged or set aside in failed/), newest first: $names:" \
		"the database stays down. Look with list.sh, then name one: STARTUP_SET=backup_..., or accept an empty database: STARTUP_ACCEPT=fresh-start"
}

# usage: prepare   The table of the design, row by row.
prepare() {
	local STORE_STATE=""

	# The lock keeps two starts apart, and the data directory has only one user.
	clear_build
	if [[ -s "$PGDATA/PG_VERSION" && -f "$PGDATA/$MARK" ]]; then
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
	at_exit stop_server_now
	require_words
	mkdir -p -- "$(dirname -- "$PGDATA")" || die "$NO_SPACE" "cannot make $(dirname -- "$PGDATA")"
	prepare
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
