#!/usr/bin/env bash
# Copies the newest verified set off this machine, by restic, and proves the copy by reading it back. Reads the store; writes the restic
# repository, VERIFY_SCRATCH, and what came of it: archive/offsite-sets.json.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
source "$SCRIPTS/lib/repository.bash"

read_text AWK_SNAPSHOTS awk/snapshots.awk

SCRATCH="${VERIFY_SCRATCH:-${TMPDIR:-/tmp}/brewget-verify-$(id -u)}"
# Bytes that what is read back may take; 0: whatever is free.
VERIFY_SCRATCH_BYTES="${VERIFY_SCRATCH_BYTES:-0}"
# Newest copies that stay there; 0: nothing is ever removed.
OFFSITE_SETS_KEEP="${OFFSITE_SETS_KEEP:-30}"
# Of restic's own: one that is away is asked again for a quarter of an hour, and one that hangs for ever.
OFFSITE_SETS_SECONDS="${OFFSITE_SETS_SECONDS:-3000}"
# restic's -o, e.g. s3.bucket-lookup=path
OFFSITE_SETS_OPTION="${OFFSITE_SETS_OPTION:-}"
SAID="$ARCHIVE/offsite-sets.json"
# restic's status where another one works in the repository.
LOCKED=11

usage() {
	cat <<'USAGE'
usage: offsite-sets.sh --copy|--init

  --copy   copies the newest verified set into the restic repository RESTIC_REPOSITORY, unless it is there, and reads it back
  --init   makes that repository before, once: never by itself, as a name with a mistake in it would be a new, empty one
Exit status: 0 done, 65 no verified set, or a copy that is not what was copied, 69 not to be reached, 73 no room to read it back, 75 in use,
78 there is no such repository, it is another one than before, or its passphrase is another.
USAGE
}

# usage: tell OK SETS WHY   Where page, metrics and alerts find it. Also what is to hold at the next run: LAST, the newest set that was copied, and
# REPOSITORY, restic's id of where it is.
tell() {
	printf '{"version": 1, "time": "%s", "ok": %s, "set": %s, "sets": %s, "seconds": %d, "repository": "%s", "why": %s}\n' \
		"$(utc)" "$1" "${LAST:-null}" "$2" "$SECONDS" "$REPOSITORY" "$(json_quote "$3")" >"$SAID.new" && make_durable "$SAID.new" && mv -- "$SAID.new" "$SAID" ||
		die "$NO_SPACE" "cannot write $SAID"
}

# usage: token FILE KEY   Its value in JSON; nothing where there is none.
token() { json_flatten "$1" 2>/dev/null | awk -F '\t' -v key="$2" '$1 == key { print $2 }' || :; }

# usage: fail STATUS WHY   What was copied before is still there.
fail() {
	tell false null "$2"
	die "$1" "no set was copied off this machine: $2"
}

# usage: restic_export   Credentials and passphrase, by the names that restic knows.
restic_export() {
	local file

	[[ -n "${RESTIC_REPOSITORY:-}" ]] || die "$REFUSED" "there is nowhere to copy sets to (offsite.sets): RESTIC_REPOSITORY is empty"
	for file in "$ARCHIVE_KEYS/sets"/*; do [[ ! -f "$file" ]] || export "${file##*/}=$(<"$file")"; done
	export RESTIC_CACHE_DIR="$WORK/cache"
}

# usage: restic_run COMMAND [ARGUMENT...]   Its output on stdout. Its own statuses: 10 there is no repository, 11 it is locked, 12 the passphrase.
# Beside us, so that a signal is heard: GNU's timeout leaves the group that gets it.
restic_run() {
	timeout "$OFFSITE_SETS_SECONDS" restic --quiet --retry-lock 5m ${OFFSITE_SETS_OPTION:+-o "$OFFSITE_SETS_OPTION"} "$@" 2>"$WORK/said" 7>&- 8>&- 9>&- &
	wait "$!"
}

# usage: restic_said   What ended it: hints come behind.
restic_said() { grep -m 1 '^Fatal: ' "$WORK/said" || tail -n 1 "$WORK/said"; }

# usage: restic_refused STATUS   Prints why, and returns ours.
restic_refused() {
	local status="$1"

	# busybox' timeout hands on what restic makes of being ended.
	! grep -q 'signal terminated received' "$WORK/said" || status=124
	case "$status" in
	10) printf 'there is no restic repository at %s. If its address is right, make it, once: docs/archive.md, "Sets off this machine"' "$RESTIC_REPOSITORY" && return "$REFUSED" ;;
	"$LOCKED") printf 'the restic repository is locked: %s' "$(restic_said)" && return "$BUSY" ;;
	12) printf 'the restic repository was made with another passphrase' && return "$REFUSED" ;;
	# What it has said first is why it has asked again.
	124) printf 'restic did not end within %s s: %s' "$OFFSITE_SETS_SECONDS" "$(grep -m 1 -v 'signal terminated' "$WORK/said")" && return "$UNREACHABLE" ;;
	*) printf 'restic: %s' "$(restic_said)" && return "$UNREACHABLE" ;;
	esac
}

# usage: ask COMMAND [ARGUMENT...]   Its output in WORK/out. Ends with the reason.
ask() {
	local status=0

	restic_run "$@" >"$WORK/out" || status=$?
	require_done "$status"
}

# usage: require_done STATUS   Of restic's.
require_done() {
	local status="$1" why

	((status == 0)) || { why="$(restic_refused "$status")" || status=$? && fail "$status" "$why"; }
}

# usage: require_repository   It is the one that was written to before, if any. Sets REPOSITORY.
require_repository() {
	local id

	ask cat config
	id="$(token "$WORK/out" id)"
	id="${id//\"/}"
	[[ "$id" =~ ^[0-9a-f]+$ ]] || fail "$UNREACHABLE" "restic does not say the repository's id"
	[[ -z "$REPOSITORY" || "$REPOSITORY" == "$id" ]] || fail "$REFUSED" \
		"the restic repository is another one than before ($REPOSITORY): was it replaced? If that is meant, remove archive/offsite-sets.json from the store"
	REPOSITORY="$id"
}

# usage: read_back SET   Out of the repository, and every byte against the set's own sums.
read_back() {
	local need free copy="$SCRATCH/offsite-sets/$1"

	{ need="$(size_of "$BACKUP_ROOT/$1")" && free="$(free_bytes "$SCRATCH")"; } || fail "$UNREACHABLE" "the size of $1 or of $SCRATCH is not known"
	if ((VERIFY_SCRATCH_BYTES > 0 && VERIFY_SCRATCH_BYTES < free)); then free="$VERIFY_SCRATCH_BYTES"; fi
	((need < free)) || fail "$NO_SPACE" "$1 was copied, but to read it back takes $need bytes, and $SCRATCH has room for $free (in the cluster: verify.scratchSize)"
	ask restore latest --host "$STORE" --tag "$1" --target "$SCRATCH/offsite-sets"
	step read
	cmp -s -- "$copy/SHA256SUMS" "$BACKUP_ROOT/$1/SHA256SUMS" && set_read "$copy" && set_check_sums "$copy" ||
		fail "$BROKEN" "the copy of $1 is not what was copied: ${WHY:-its SHA256SUMS is another}"
	rm -rf -- "$SCRATCH/offsite-sets"
}

# usage: copies   The sets of this store that are there, one a line.
copies() {
	ask snapshots --no-lock --json --host "$STORE"
	json_flatten "$WORK/out" | awk -F '\t' "$AWK_SNAPSHOTS" | sort -u
}

# usage: retain SET   The newest stay, and the one just copied whatever the clock says. As in the store, nothing goes while a set lacks data.
retain() {
	local list status=0

	((OFFSITE_SETS_KEEP > 0)) || return 0
	list="$(sets_list)" || fail "$UNREACHABLE" "the sets cannot be listed"
	[[ -z "$(sets_flagged "$list")" ]] || return 0
	restic_run forget --retry-lock 10s --host "$STORE" --group-by host --keep-last "$OFFSITE_SETS_KEEP" --keep-tag "$1" --prune >"$WORK/out" || status=$?
	# Somebody looks into it, or a run was killed within the last half hour. The copy is no worse for it, and tomorrow is another day.
	((status != LOCKED)) || { log "warning: no old copy was removed, as the restic repository is locked: $(restic_said)" && return 0; }
	require_done "$status"
	step removed
}

copy() {
	local set there

	set="$(sets_resolve latest-verified)" || fail "$?" "no verified set was found: the log of the run says why"
	set_hold "$BACKUP_ROOT/$set" || fail "$BUSY" "$set is being removed"
	(set_require "$BACKUP_ROOT/$set") || fail "$?" "$set cannot be used: the log of the run says why"
	ask unlock # of a run that was killed; only what is dead, or silent for half an hour
	there="$(copies)" || exit
	if ! grep -q -x -- "$set" <<<"$there"; then
		# Relative, so that it comes back as a store wherever that lies.
		cd -- "$BACKUP_ROOT" && ask backup --host "$STORE" --tag "$set" .store.json "$set"
		step copied
	fi
	read_back "$set"
	set_release
	retain "$set"
	there="$(copies)" || exit
	LAST="\"$set\""
	tell true "$(grep -c . <<<"$there")" ""
	printf 'copied %s\n' "$set"
}

# usage: initialize   In a bucket that is there, as the archive's own repository is in it: restic would make a missing one.
initialize() {
	local INFO SYSTEM=""

	[[ -z "$REPOSITORY" ]] || die "$REFUSED" "there was a restic repository already ($REPOSITORY). To begin anew, remove archive/offsite-sets.json from the store"
	repository_require_ours offsite && [[ -n "$SYSTEM" ]] ||
		die "$REFUSED" "the archive's own repository has to be there first, so that no bucket is made by mistake: ${WHY:-it has no backup yet}"
	ask init
	step made
	log "made the restic repository $RESTIC_REPOSITORY"
}

main() {
	local LAST REPOSITORY WHY=""

	[[ "${1:-}" != --help ]] || { usage && exit 0; }
	[[ $# == 1 && "$1" =~ ^--(copy|init)$ ]] || die "$USAGE" "--copy or --init is needed. See: offsite-sets.sh --help"
	begin
	require_number 0 OFFSITE_SETS_KEEP VERIFY_SCRATCH_BYTES
	require_number 1 OFFSITE_SETS_SECONDS
	store_require
	mkdir -p -- "$ARCHIVE" "$SCRATCH" || die "$NO_SPACE" "cannot make $ARCHIVE and $SCRATCH"
	rm -rf -- "$SCRATCH/offsite-sets"
	restic_export
	LAST="$(token "$SAID" set)"
	REPOSITORY="$(token "$SAID" repository)"
	REPOSITORY="${REPOSITORY//\"/}"
	[[ "$1" == --copy ]] || initialize
	require_repository
	copy
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
