#!/usr/bin/env bash
# Start-up's restore: walks back from the newest set to the first that can be proven, and builds the data directory from
# it. Sourced by prepare-data.sh after data.sh, which says what is decided (decide, refuse, accepts) and where, never run.
[[ -z "${RECOVER_SH_READ:-}" ]] || return 0
RECOVER_SH_READ=1

# shellcheck source=load.sh
source "${BASH_SOURCE[0]%/*}/load.sh"
# shellcheck source=build.sh
source "$SCRIPTS/build.sh"
# shellcheck source=verdict.sh
source "$SCRIPTS/verdict.sh"

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

	names="$(all_directories && echo end)" && [[ "$names" == *end ]] ||
		refuse "$UNREACHABLE" "the sets in $BACKUP_ROOT cannot be listed"
	[[ "$names" != end || -L "$BACKUP_ROOT/latest" ]] || return 1
}

# usage: try_set SET   Builds a cluster with the set in it. Status 0, or 65 with WHY if the set is bad.
# Anything else that goes wrong is not the set's fault and ends the script.
try_set() {
	local directory="$BACKUP_ROOT/$1" status=0

	CURRENT="its files"
	read_manifest "$directory" || return 65
	hold_set "$directory" || status=$?
	((status == 0 || status == 65)) || refuse "$BUSY" "$1 is being removed or changed; it is tried again at the next start"
	if ((status != 0)); then
		WHY="it has no SHA256SUMS"
		return 65
	fi
	check_sums "$directory" || return 65
	step sums-checked
	log "restoring $1 from the backup store"
	SECONDS=0
	make_cluster
	open_data "$BUILD" -c archive_mode=off
	require_versions
	restore_all_fresh "$directory" || status=$?
	RESTORED=$SECONDS
	case $status in
	0) return 0 ;;
	65 | "$REFUSED")
		stop_server_now
		compare_majors || refuse "$UNREACHABLE" "the version of the programs here cannot be told"
		[[ "$MADE_WITH" == "$HERE" ]] || refuse "$REFUSED" "the backup $1 is whole, but PostgreSQL $HERE cannot restore what PostgreSQL $MADE_WITH saved:" \
			"$CURRENT: $WHY. No older one is taken instead; an image of PostgreSQL $MADE_WITH can restore it"
		((status != 65)) || return 65
		;;
	esac
	refuse "$status" "the restore of $1 stopped at $CURRENT: $WHY. That is not the set's fault; it is tried again at the next start"
}

# usage: set_aside_if_possible SET WHY
set_aside_if_possible() {
	if [[ -n "$STARTUP_SET" ]]; then
		log "$1 was asked for by name and stays where it is"
	elif [[ -w "$BACKUP_ROOT" ]]; then
		set_aside "$1" "$2" "${0##*/}"
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
			lost+="$(passed_over "$name")"
			finish_restore "$name" "$lost"
			return 0
		fi
		! tmpdir_is_full || refuse "$NO_SPACE" "the restore of $name stopped at $CURRENT: ${WHY:-nothing could be written}"
		log "error: the backup $name cannot be restored: $CURRENT: $WHY"
		release_set
		set_aside_if_possible "$name" "$CURRENT: $WHY"
		step walked-back
	done
	rm -rf -- "$BUILD"
	no_good_set
}

# usage: passed_over SET   Newer ones, of whatever state: nobody must think that this was the newest.
passed_over() {
	local names

	names="$(all_directories | sort | awk -v name="$1" '$0 > name' | tr '\n' ' ')"
	[[ -z "$names" ]] || printf '. Newer backups were not taken, as they are flagged, damaged, set aside in failed/, or another was asked for: %s(to take one: STARTUP_SET=...)' "$names"
}

# usage: span OLDER NEWER   The time between two sets.
span() {
	local seconds

	seconds=$(($(epoch "$2") - $(epoch "$1")))
	printf '%d h %02d min %02d s' "$((seconds / 3600))" "$((seconds / 60 % 60))" "$((seconds % 60))"
}

# usage: finish_restore SET LOST
finish_restore() {
	local started

	json_text started "${MANIFEST[started]}"
	put_in_place "restored from backup $1 of $started, equal to its manifest$2"
	record_proof "$1"
}

# usage: record_proof SET   The restore was the proof; a store that cannot be written does without the note.
record_proof() {
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
	names="$(all_directories | sort -r | head -n 5 | tr '\n' ' ')"
	refuse "$BROKEN" "the backup store $BACKUP_ROOT has sets, but none that may be restored by itself (broken, flagged, or set aside in failed/ and to be moved back from there), newest first: $names:" \
		"the database stays down. Look with list.sh, then name one: STARTUP_SET=backup_..., or accept an empty database: STARTUP_ACCEPT=fresh-start"
}
