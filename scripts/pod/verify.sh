#!/usr/bin/env bash
# Verifies a set: by restoring it into a throwaway server of its own, and comparing all of the manifest.
# Reads the set; writes VERIFY_SCRATCH, and the set's verified.json or, if it is bad, moves it to failed/.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
source "$SCRIPTS/lib/verdict.bash"
source "$SCRIPTS/lib/proof.bash"
source "$SCRIPTS/lib/contents.bash"
source "$SCRIPTS/lib/globals.bash"
source "$SCRIPTS/lib/objects.bash"
source "$SCRIPTS/lib/compare.bash"
source "$SCRIPTS/lib/archive.bash"
source "$SCRIPTS/lib/load.bash"
source "$SCRIPTS/lib/server.bash"
source "$SCRIPTS/lib/roles.bash"
source "$SCRIPTS/lib/control.bash"

SCRATCH="${VERIFY_SCRATCH:-${TMPDIR:-/tmp}/brewget-verify-$(id -u)}"
# Bytes that the throwaway server may take; 0: whatever is free.
VERIFY_SCRATCH_BYTES="${VERIFY_SCRATCH_BYTES:-0}"
# --pending begins no further set after so many seconds.
VERIFY_SECONDS="${VERIFY_SECONDS:-3000}"

usage() {
	cat <<'USAGE'
usage: verify.sh [SET|latest|--pending|--control]

Restores a set (the newest by default) into a throwaway server and compares it with its manifest. Prints a verdict a set.
  --pending   the sets without a verdict, newest first, then a set that was restored longest ago (within VERIFY_REPEAT_DAYS, 35)
              and the bytes of sets that were read longest ago (within VERIFY_SCRUB_DAYS, 7), for at most VERIFY_SECONDS
              seconds (3000)
  --control   whether this program would notice: damages a copy of the newest set in twelve ways and says of each whether it was
              found (status 70 if one was missed); the store is only read
A set whose files are not what was written is moved to failed/ (status 65); one that does not come back equal here stays, not
verified (78). VERIFY_SCRATCH is where the throwaway server lives, and
VERIFY_SCRATCH_BYTES the most it may take (0, the default: what is free): a set that needs more is refused with 73.
With ROLE_PASSWORDS_DIR each role's login with its password is tried as well.
USAGE
}

# usage: claim_scratch   One verification at a time in one scratch directory (descriptor 7); what a killed one
# left is swept.
claim_scratch() {
	mkdir -p -- "$SCRATCH" || die "$NO_SPACE" "cannot make the scratch directory $SCRATCH"
	{ exec 7>>"$SCRATCH/.verify-lock"; } || die "$NO_SPACE" "cannot write to the scratch directory $SCRATCH"
	try_lock -x 7 "the file system of $SCRATCH has no locks" ": two verifications in one scratch directory could not be kept apart. Another VERIFY_SCRATCH is needed" ||
		die "$BUSY" "another verification is using $SCRATCH"
	sweep_scratch
}

sweep_scratch() {
	local data

	for data in "$SCRATCH/verify-data" "$SCRATCH/control/verify-data"; do
		server_stop_orphan "$data" || die "$REFUSED" "a server that is not ours runs in $data"
		rm -rf -- "$data" || die "$NO_SPACE" "cannot clear $SCRATCH"
	done
}

# At exit. The server may have been started by a shell that was killed.
clear_scratch() {
	server_stop_now
	(sweep_scratch)
	rm -rf -- "$SCRATCH/control"
}

# usage: wal_megabytes   A quarter of a GiB of log for each 2 GiB of room, and no less than four of its files.
wal_megabytes() {
	local most=$((VERIFY_SCRATCH_BYTES / 8388608))

	if ((most == 0 || most > 4096)); then most=4096; fi
	if ((most < 64)); then most=64; fi
	echo "$most"
}

# usage: require_room   Status 73 and WHY where the set (its manifest was read last) cannot fit: to say so at once is
# better than to be evicted in the middle. By the size that the databases had; sets of older scripts do not say it.
require_room() {
	local size need free most

	size="$(awk -F '\t' '$1 ~ /^databases\.[0-9]+\.size$/ { n += $2 } END { printf "%.0f", n }' "$MANIFEST_FLAT")" || return 69
	((size > 0)) || return 0
	# initdb's own 40 MiB and some, then the databases, then their log, of which a small database writes little.
	need=$(($(wal_megabytes) * 1048576))
	if ((need > size)); then need=$size; fi
	need=$((need + size + 67108864))
	free="$(free_bytes "$SCRATCH")" || return 69
	most="$free"
	if ((VERIFY_SCRATCH_BYTES > 0 && VERIFY_SCRATCH_BYTES < free)); then most="$VERIFY_SCRATCH_BYTES"; fi
	((need > most)) || return 0
	WHY="by the size of the databases (bloat included) its throwaway server needs about $((need / 1048576)) MiB, $SCRATCH has room for $((most / 1048576)) MiB"
	WHY+=" (in the cluster: the setting verify.scratchSize, and the node's disk)"
	return 73
}

# usage: make_server   A throwaway server with the source's superuser name: grants in the set name it.
make_server() {
	local superuser

	json_text superuser "${MANIFEST["server.superuser"]}"
	export PGUSER="$superuser"
	initdb -D "$SCRATCH/verify-data" -U "$superuser" --auth=trust --encoding=UTF8 --locale=C --no-sync >"$WORK/initdb.out" 2>&1 ||
		server_initdb_failed die "cannot make a throwaway server in $SCRATCH"
	write_hba | into "$SCRATCH/verify-data/pg_hba.conf" || die "$NO_SPACE" "cannot write in $SCRATCH"
	# It is thrown away after minutes: nothing it writes has to last. Many tables need many locks in one pg_restore.
	server_start "$SCRATCH/verify-data" -c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 \
		-c autovacuum=off -c archive_mode=off -c max_locks_per_transaction=256 -c max_wal_size="$(wal_megabytes)MB" ||
		die "$UNREACHABLE" "the throwaway server does not start: $(server_said)"
	step server
}

# usage: write_hba   Roles whose password is at hand must show it; for the others the private socket is enough.
write_hba() {
	local role names

	names="$(roles_with_passwords)" || return $?
	for role in $names; do printf 'local all "%s" scram-sha-256\n' "$role"; done
	echo 'local all all trust'
}

# usage: restore_set DIRECTORY   Into a server that goes on. Status 0: all rows are equal; 65: damaged; anything else: not verified,
# WHY says why.
restore_set() {
	set_read "$1" || return $?
	set_check_sums "$1" || return 65
	set_open "$1" || return $?
	step sums-checked
	require_room || return $?
	make_server
	SUPERUSER="$PGUSER"
	load_require_versions
	load_all_fresh "$1" || {
		local status=$?
		WHY="$CURRENT: $WHY"
		return "$status"
	}
	RESTORED=$SECONDS
	roles_can_log_in || return $?
	step logins
}

# usage: try_set DIRECTORY   The same, and nothing may differ. Without the server.
try_set() {
	restore_set "$1" || return $?
	server_stop immediate || {
		WHY="the throwaway server does not stop"
		return 69
	}
	WHY="rows are equal, but what came back is not what was saved: $(load_found differs)"
	! grep -q '^differs' "$WORK/findings" || return "$REFUSED"
}

# usage: verify_set SET   Prints the verdict and writes it into the store. Status as try_set's.
verify_set() {
	local directory="$BACKUP_ROOT/$1" status=0 RESTORED=0 OPENED=0 PASSWORDS="" CURRENT="" SUPERUSER="" KEY="" KEY_PUBLIC=""

	if [[ -d "$directory" && -x "$directory" && ! -e "$directory/manifest.json" ]]; then
		log "error: $1 has no manifest.json: it may be no set at all, so it stays where it is"
		return 65
	fi
	set_hold "$directory" || status=$?
	if ((status != 0)); then
		if ((status == BUSY)) || [[ ! -d "$directory" ]]; then
			log "$1 is gone, or is being removed just now"
			return 0
		fi
		WHY="it has no SHA256SUMS"
	fi
	log "verifying $1"
	SECONDS=0
	((status != 0)) || try_set "$directory" || status=$?
	server_stop_now
	sweep_scratch
	case $status in
	0) verdict_good "$1" "$RESTORED" "$SECONDS" "$OPENED" "${PASSWORDS:-not given}" verify.sh ;;
	65) verdict_bad "$1" "$WHY" ;;
	*) verdict_unverified "$1" "$WHY" ;;
	esac
	set_release
	return "$status"
}

# usage: is_readable_here SET   1, with a log line, if a newer PostgreSQL made it than the programs here can read, else 0. Sets
# MADE_WITH and HERE, the major versions.
is_readable_here() {
	MADE_WITH=0 HERE=0
	set_read "$BACKUP_ROOT/$1" || return 0 # its verification says what is wrong
	MADE_WITH="$(set_major)"
	HERE="$(tool_major postgres)" || return 0
	((MADE_WITH > HERE)) || return 0
	log "warning: $1 stays without a verdict: it is of PostgreSQL $MADE_WITH, the programs here are $HERE"
	return 1
}

# usage: read_again SET   All its bytes, against SHA256SUMS: read.json says when. Status 65 where they are not what was written.
read_again() {
	local directory="$BACKUP_ROOT/$1" status=0

	set_hold "$directory" || return 0 # it is being removed
	set_read "$directory" && set_check_sums "$directory" || status=$?
	case $status in
	0)
		verdict_lock "$1" && verdict_note read.json "$1" "" "${0##*/}" && store_unlock
		log "$1 was read again: all bytes are what was written"
		;;
	"$BROKEN") verdict_bad "$1" "$WHY" ;;
	*) log "warning: $1 cannot be read here: $WHY" && status=0 ;;
	esac
	set_release
	return "$status"
}

# usage: has_time   1, with a log line, when VERIFY_SECONDS have passed since BEGUN, else 0.
has_time() {
	if (($(date +%s) - BEGUN < VERIFY_SECONDS)); then return 0; fi
	log "time is up; the other sets' turn comes with the next run"
	return 1
}

# usage: worse STATUS OTHER   What a run that met both ends with: that bytes are damaged counts most.
worse() { if (($1 == BROKEN || $2 == 0)); then echo "$1"; else echo "$2"; fi; }

# usage: verify_apart SET   verify_set in a shell of its own: what ends one verification ends no other. Status 0 also where another
# major version cannot load it, or not as it was: that is no failure of the run, and the log and the set's note name it.
verify_apart() {
	local status=0

	(
		is_readable_here "$1" || exit 0
		verify_set "$1" || status=$?
		((status != REFUSED || MADE_WITH == HERE)) || exit 0
		exit "$status"
	) || status=$?
	sweep_scratch
	return "$status"
}

# usage: verify_again LIST   What was proven long ago: restored, and read. Status as verify_set's, 0 where nothing is amiss.
verify_again() {
	local name names verified status worst=0

	verified="$(awk -F '\t' '$2 == 1' <<<"$1")"
	names="$(proof_due "$verified" "$VERIFY_REPEAT_DAYS" 1)" || return $?
	for name in $names; do
		has_time || break
		(is_readable_here "$name") || continue
		status=0
		verify_apart "$name" || status=$?
		worst="$(worse "$worst" "$status")"
		((status != 0)) || break # one a run: it takes long
	done
	names="$(proof_due "$1" "$VERIFY_SCRUB_DAYS" 2)" || return $?
	for name in $names; do
		has_time || break
		status=0
		(read_again "$name") || status=$?
		worst="$(worse "$worst" "$status")"
	done
	return "$worst"
}

# usage: rewrap   For the recipients of today the keys of all sets of this store, of those in failed/ too. Prints the oldest set that has a
# new key.age.
rewrap() {
	local KEY="" KEY_PUBLIC="" WHY="" name names directory oldest=""

	[[ -n "$ENCRYPTION_RECIPIENTS" ]] || return 0
	names="$(sets_directories && sets_directories "$BACKUP_ROOT/failed" | sed 's|^|failed/|')" || return $?
	for name in $names; do
		directory="$BACKUP_ROOT/$name"
		[[ -s "$directory/key.age" && -w "$directory" ]] && set_read_own "$directory" || continue
		key_open "$directory" || { log "warning: $name keeps its recipients: $WHY" && continue; }
		! key_is_current || continue
		store_lock
		[[ ! -s "$directory/key.age" ]] || key_wrap "$directory"
		store_unlock
		step rewrapped
		log "$name can be read by the recipients of today, and by nobody else"
		[[ -n "$oldest" || "$name" == failed/* ]] || { oldest="$name" && printf '%s\n' "$name"; }
	done
}

# usage: verify_pending   Newest first. One that cannot be verified now keeps no other waiting, but where there is no room.
verify_pending() {
	local list name names status worst=0 BEGUN REWRAPPED=""

	BEGUN="$(date +%s)"
	# What ends it ends no verification.
	REWRAPPED="$(rewrap)" || worst=$?
	[[ -z "$REWRAPPED" ]] || verify_apart "$REWRAPPED" || worst=$?
	list="$(sets_list)"
	names="$(awk -F '\t' '$2 == 0 { print $1 }' <<<"$list" | sort -r)"
	[[ -n "$names" ]] || log "every set has its verdict"
	for name in $names; do
		has_time || break
		status=0
		verify_apart "$name" || status=$?
		worst="$(worse "$worst" "$status")"
		((status != NO_SPACE)) || break
	done
	list="$(sets_list 2>/dev/null)" || exit "$UNREACHABLE" # it has said why above
	status=0
	((worst == NO_SPACE)) || verify_again "$list" || status=$?
	exit "$(worse "$worst" "$status")"
}

# usage: verify_control SET
verify_control() {
	local status=0 RESTORED=0 OPENED=0 PASSWORDS="" CURRENT="" SUPERUSER=""

	control_copy "$1"
	restore_set "$SCRATCH/control/whole/$1" || status=$?
	((status == 0)) || die "$status" "$1 does not come back by itself ($WHY): that is for 'verify.sh $1'. No damage was tried"
	control_save "$1"
	server_stop_now
	rm -rf -- "$SCRATCH/verify-data"
	control_run "$1"
	exit 0
}

main() {
	local set=""

	while (($# > 0)); do
		case "$1" in
		--help) usage && exit 0 ;;
		--pending | --control) set="$1" ;;
		-*) die "$USAGE" "unknown option '$1'. See: verify.sh --help" ;;
		*)
			[[ -n "$1" && -z "$set" ]] || die "$USAGE" "one set is needed, '$1' is too much or empty. See: verify.sh --help"
			set="$1"
			;;
		esac
		shift
	done
	begin
	psql_prepare
	require_number 0 VERIFY_{SECONDS,SCRATCH_BYTES,SCRUB_DAYS,REPEAT_DAYS}
	store_require
	claim_scratch
	at_exit clear_scratch
	if [[ "$set" == --pending ]]; then verify_pending; fi
	if [[ "$set" == --control ]]; then
		set="$(sets_resolve latest)" || exit $?
		verify_control "$set"
	fi
	set="$(sets_resolve "${set:-latest}")"
	local status=0
	verify_set "$set" || status=$?
	exit "$status"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
