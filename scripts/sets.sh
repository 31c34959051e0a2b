#!/usr/bin/env bash
# Backup sets: finding them, reading and checking their manifests, their verdicts and the links to them.
# A set is a directory backup_YYYYMMDD_HHMMSS whose manifest.json names this set and this store. Sourced, never run.
[[ -z "${SETS_SH_READ:-}" ]] || return 0
SETS_SH_READ=1

# shellcheck source=store.sh
source "${BASH_SOURCE[0]%/*}/store.sh"
# shellcheck source=checks.sh
source "$SCRIPTS/checks.sh"

SET_NAME='^backup_[0-9]{8}_[0-9]{6}$'

# usage: set_directories [DIRECTORY]   What is called like a set, whatever is in it, oldest first: by name, never by mtime.
# Status 69 where that cannot be told: a pattern that matches nothing would make an unreadable directory look empty.
set_directories() {
	local directory="${1:-$BACKUP_ROOT}" name names

	[[ -e "$directory" ]] || return 0
	# The slash is no part of a name: without it the answer is not whole.
	names="$(ls -- "$directory" && echo /)" || return "$UNREACHABLE"
	[[ "$names" == */ ]] || return "$UNREACHABLE"
	while IFS= read -r name; do
		[[ "$name" =~ $SET_NAME && -d "$directory/$name" && ! -L "$directory/$name" ]] || continue
		printf '%s\n' "$name"
	done <<<"$names" || return "$UNREACHABLE"
}

# usage: all_directories   The same, and after them those that were set aside.
all_directories() { set_directories && set_directories "$BACKUP_ROOT/failed"; }

# usage: sum_of FILE
sum_of() {
	local line

	line="$(sha256sum -- "$1")" || return "$UNREACHABLE"
	printf '%s\n' "${line%% *}"
}

# usage: size_of PATH   Bytes of a file, or of all files in a directory.
size_of() {
	find "$1" -type f -print0 | xargs -0 -r stat -c %s | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# usage: is_verified DIRECTORY   0 if its verdict is good and belongs to these very files, else 1. Ends with 69 where
# that cannot be told: a set without a verdict may be removed.
is_verified() {
	local sums verdict status=0

	[[ -f "$1/verified.json" && -f "$1/SHA256SUMS" ]] || return 1
	# A verdict that cannot be read is none.
	verdict="$(json_flatten "$1/verified.json" 2>/dev/null)" || status=$?
	require_finding "$status" "$1/verified.json"
	((status == 0)) || return 1
	sums="$(sum_of "$1/SHA256SUMS")" || require_finding "$?" "$1/SHA256SUMS"
	# No answer is none, whatever the status.
	[[ -n "$verdict" && -n "$sums" ]] || require_finding "$UNREACHABLE" "$1/verified.json"
	says "$verdict" sums "\"$sums\"" && says "$verdict" result '"good"' && says "$verdict" set "\"${1##*/}\"" || return 1
}

# usage: says FLAT KEY TOKEN   0 if json_flatten's answer FLAT has KEY with this value, else 1.
says() { [[ $'\n'"$1"$'\n' == *$'\n'"$2"$'\t'"$3"$'\n'* ]]; }

# usage: is_pinned DIRECTORY   0 if retention leaves it alone, else 1. The last word has pinned.json (pin.sh), the
# first the manifest, which must be the one read last.
is_pinned() {
	local word

	if [[ ! -e "$1/pinned.json" && ! -L "$1/pinned.json" ]]; then
		[[ "${MANIFEST[pinned]:-}" == true ]] || return 1
		return 0
	fi
	# Only a clear no is one: a word that cannot be read costs room, to pass it over could cost the set.
	word="$(json_flatten "$1/pinned.json" 2>/dev/null)" || return 0
	if says "$word" set "\"${1##*/}\"" && says "$word" pinned false; then return 1; fi
}

# usage: read_own_manifest DIRECTORY   As read_manifest; 65 with WHY for another store's set, too.
read_own_manifest() {
	read_manifest "$1" || return 65
	[[ "${MANIFEST[store]:-}" != "\"$STORE\"" ]] || return 0
	WHY="it was made for store ${MANIFEST[store]:-none}"
	return 65
}

# usage: set_flags SET MAJOR   pinned TAB flagged TAB accepted (0/1). Pinned is also what only a newer PostgreSQL than
# MAJOR can read: nobody here can prove it, so nobody here may remove it for that. Status 1 and a log line where the set
# does not count (damaged, another store's). Read once a run: the manifest of thousands of tables takes a tenth of a second.
set_flags() {
	local memo="$WORK/flags.$1" flags

	if [[ -s "$memo" ]]; then
		cat -- "$memo" || return "$UNREACHABLE"
		return 0
	fi
	read_own_manifest "$BACKUP_ROOT/$1" || {
		log "warning: $1 does not count and is left alone: $WHY"
		return 1
	}
	flags="$(flags_read "$BACKUP_ROOT/$1" "$2")" || return "$UNREACHABLE"
	# Where there is no room for the memo, the set is read again.
	{ printf '%s\n' "$flags" >"$memo"; } 2>/dev/null || rm -f -- "$memo"
	printf '%s\n' "$flags"
}

# usage: flags_read DIRECTORY MAJOR   The same of the set whose manifest was read last.
flags_read() {
	local pinned=0 flagged=0 accepted=0

	if is_pinned "$1" || (($(set_major) > $2)); then pinned=1; fi
	[[ "${MANIFEST[flagged]:-null}" == null ]] || flagged=1
	[[ "${MANIFEST[accepted_shrink]:-}" != true ]] || accepted=1
	printf '%s\t%s\t%s\n' "$pinned" "$flagged" "$accepted"
}

# usage: list_sets   One line a set of this store that counts, oldest first: name, verified, pinned, flagged, accepted
# (0/1).
list_sets() {
	local name names flags verified here status

	# Without the programs nobody can tell: then every set counts as a newer version's, and stays.
	here="$(tool_major pg_dump)" || here=0
	names="$(set_directories)" || return $?
	for name in $names; do
		status=0
		flags="$(set_flags "$name" "$here")" || status=$?
		((status != 1)) || continue
		((status == 0)) || return "$status"
		verified=0
		if is_verified "$BACKUP_ROOT/$name"; then verified=1; fi
		printf '%s\t%s\t%s\n' "$name" "$verified" "$flags"
	done
}

# usage: newest_set LIST [COLUMN VALUE]   The newest line's name whose COLUMN (2 verified .. 5 accepted) is VALUE.
newest_set() {
	awk -F '\t' -v column="${2:-1}" -v value="${3:-}" \
		'column == 1 || $column == value { name = $1 } END { print name }' <<<"$1"
}

# usage: refresh_links [LIST]   Both links to where they belong, by list_sets. Needs the lock.
refresh_links() {
	local list newest verified

	# The warnings were given by whoever listed first.
	list="${1-$(list_sets 2>/dev/null)}" || {
		log "warning: the sets cannot be listed, so the links stay where they are"
		return "$UNREACHABLE"
	}
	newest="$(newest_set "$list")" && verified="$(newest_set "$list" 2 1)" || return "$UNREACHABLE"
	point_link latest "$newest"
	point_link latest-verified "$verified"
}

# usage: next_set_name   Now, or one second after the newest name, whichever is later: names never go backwards,
# whatever the clock does.
next_set_name() {
	local now newest name

	now="$(date -u +%Y%m%d_%H%M%S)"
	newest="$(all_directories | sort | tail -n 1)"
	newest="${newest#backup_}"
	if [[ -n "$newest" && ! "$now" > "$newest" ]]; then
		log "warning: the clock says $now, the newest set is of $newest: going on from there"
		now="$(following "$newest")"
	fi
	# Somebody else's directory may have the name.
	name="backup_$now"
	while [[ -e "$BACKUP_ROOT/$name" || -L "$BACKUP_ROOT/$name" || -e "$BACKUP_ROOT/failed/$name" ]]; do
		now="$(following "$now")"
		name="backup_$now"
	done
	printf '%s\n' "$name"
}

# usage: following YYYYMMDD_HHMMSS   One second later.
following() {
	local seconds

	# A name with an impossible date (a month 13) sorts all the same; then only its own tail can be counted on.
	seconds="$(epoch "$1")" || die "$REFUSED" "backup_$1 is no date: move it out of the store"
	date -u -d "@$((seconds + 1))" +%Y%m%d_%H%M%S
}

# usage: resolve_set NAME   Prints the set that NAME (a set, latest, latest-verified) means. From the sets
# themselves: a link may be stale after a crash, or lead anywhere.
resolve_set() {
	local names list name=""

	case "$1" in
	latest)
		names="$(set_directories)"
		name="${names##*$'\n'}"
		;;
	latest-verified)
		list="$(list_sets)"
		name="$(newest_set "$list" 2 1)"
		;;
	*)
		[[ "$1" =~ $SET_NAME ]] || die "$USAGE" "'$1' is no set's name: backup_YYYYMMDD_HHMMSS, latest or latest-verified. See: list.sh"
		[[ -d "$BACKUP_ROOT/$1" && ! -L "$BACKUP_ROOT/$1" ]] || die "$BROKEN" "there is no set $1 in $BACKUP_ROOT. See: list.sh"
		name="$1"
		;;
	esac
	[[ -n "$name" ]] || die "$BROKEN" "there is no set for '$1' in $BACKUP_ROOT. See: list.sh"
	printf '%s\n' "$name"
}

# usage: require_set DIRECTORY   Ends with 65 or 78 unless the set is whole and this store's.
require_set() {
	local name="${1##*/}"

	read_manifest "$1" || die "$BROKEN" "$name cannot be used: $WHY. Nothing was touched. See: list.sh"
	[[ "${MANIFEST[store]:-}" == "\"$STORE\"" || "${BACKUP_ACCEPT_OTHER_STORE:-}" == 1 ]] ||
		die "$REFUSED" "$name was made for store ${MANIFEST[store]:-none}, this is store $STORE. Nothing was touched." \
			"If that is meant, set BACKUP_ACCEPT_OTHER_STORE=1."
	check_sums "$1" || die "$BROKEN" "$name is broken: $WHY. Nothing was touched. See: list.sh"
}
