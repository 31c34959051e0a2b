#!/usr/bin/env bash
# Proves an archive: what pgBackRest's verify says of its bytes, the names of its segments, and a throwaway server out of it, whose last commit
# and indexes are looked at. Reads the archive; writes VERIFY_SCRATCH and the verdict, drill-NAME.json.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/server.bash"
source "$SCRIPTS/lib/repository.bash"
source "$SCRIPTS/lib/replay.bash"
source "$SCRIPTS/lib/moment.bash"

read_text AWK_WAL_GAPS awk/wal_gaps.awk

# Seconds that the last commit may lie before the canary that is known: one that is missing is noticed, one that is under way is not.
DRILL_BEHIND="${DRILL_BEHIND:-120}"

usage() {
	cat <<'USAGE'
usage: drill.sh [NAME|--due]

Proves the repository NAME (local by default): its bytes, that no segment is missing, and that a server comes out of it with all that is known to
be in the archive and with sound indexes. Prints the window that can be restored to. Status 65 where it is not so.
  --due   each repository in its turn: local whenever asked, another where it was not proven within the last six days
VERIFY_SCRATCH is where the throwaway server lives.
USAGE
}

# usage: verdict OK FROM TO WHY   Where page, metrics and alerts find it.
verdict() {
	local file="$BACKUP_ROOT/archive/drill-$REPOSITORY.json"

	printf '{"version": 1, "time": "%s", "ok": %s, "from": %s, "to": %s, "seconds": %d, "why": %s}\n' \
		"$(utc)" "$1" "$2" "$3" "$SECONDS" "$(json_quote "$4")" >"$file.new" && make_durable "$file.new" && mv -- "$file.new" "$file" ||
		die "$NO_SPACE" "cannot write $file"
}

# usage: fail WHY
fail() {
	verdict false null null "$1"
	die "$BROKEN" "the archive in the repository $REPOSITORY is not proven: $1"
}

# usage: check_bytes   Its exit status says nothing.
check_bytes() {
	repository_run "$REPOSITORY" verify --output=text --verbose >"$WORK/verify" || fail "its bytes cannot be read: $(repository_said "$REPOSITORY" verify)"
	! grep -q '^status: error' "$WORK/verify" || fail "bytes are not what was written: $(sed -n 's/^  //p' "$WORK/verify" | grep -v 'status: valid\|missing: 0, checksum invalid: 0, size invalid: 0, other: 0' | head -n 3 | tr '\n' ' ')"
	grep -q -x 'status: ok' "$WORK/verify" || fail "pgBackRest's verify did not say 'status: ok'"
	step bytes-checked
}

# usage: check_names   Sets FROM to the end of the oldest backup from which all WAL is there.
check_names() {
	local id gap

	id="$(replay_archive_id)"
	repository_run "$REPOSITORY" repo-ls --recurse "archive/$STANZA/$id" >"$WORK/names" || fail "its WAL cannot be listed: $(repository_said "$REPOSITORY" repo-ls)"
	gap="$(sort "$WORK/names" | awk "$AWK_WAL_GAPS")"
	[[ -z "$gap" ]] || log "warning: WAL is missing before the segment $gap: what was before can be restored to in part only"
	# Of this server's own: the number of its identity in the repository ends the id.
	FROM="$(awk -F '\t' -v gap="$gap" -v db="${id##*-}" '{ gsub(/"/, "", $2) } $1 ~ /archive\.start$/ { from = substr($2, 9) } $1 ~ /database\.id$/ { of = $2 }
		$1 ~ /timestamp\.stop$/ && of == db && from >= gap { print $2; exit }' "$WORK/flat.$REPOSITORY")"
	[[ -n "$FROM" ]] || fail "WAL is missing before the segment $gap, and no backup was taken since"
	step names-checked
}

# usage: check_server   A server with everything in it. Off-site is to prove itself: without what is still here.
check_server() {
	local newest canary REPLAYED=""

	canary="$(repository_canary)"
	# It has a segment every five minutes (archive_timeout).
	[[ "$REPOSITORY" == local ]] || ARCHIVE="$SCRATCH/none" POSITION=/dev/null DRILL_BEHIND=$((DRILL_BEHIND + 300))
	newest="$(replay_newest)" || fail "cannot look into $ARCHIVE"
	replay_backups "${newest%% *}" >"$WORK/backups" || fail "$WHY"
	replay_restore "$SCRATCH/moment/data" --set="$(head -n 1 -- "$WORK/backups")" --type=standby --tablespace-map-all="$SCRATCH/moment/tablespaces" || fail "$WHY"
	replay_pin "${newest%% *}"
	replay_guard "$SCRATCH/moment/data"
	server_start "$SCRATCH/moment/data" "${REPLAY_OPTIONS[@]}" || fail "the server does not start: $(server_said)"
	replay_unguard
	replay_follow "${newest##* }" || fail "$WHY"
	[[ -n "$REPLAYED" ]] || fail "there is no commit in it since its last backup"
	TO="$REPLAYED"
	(($(epoch "${canary:-$TO}") - $(epoch "$TO") <= DRILL_BEHIND)) || fail "its last commit is of $TO, but one of $canary is known"
	(($(date +%s) - $(epoch "$TO") - SECONDS <= DRILL_BEHIND)) || fail "no commit has reached it since $TO: is the archiver at work?"
	step replayed
	replay_end || fail "$WHY"
	replay_require_branch "$SCRATCH/moment/data" "${newest%% *}" || fail "$WHY"
	pg_amcheck --all --install-missing --heapallindexed >"$WORK/amcheck" 2>&1 || fail "pg_amcheck: $(head -n 3 "$WORK/amcheck" | tr '\n' ' ')"
}

# Each in a process of its own: one that fails keeps none from its turn.
drill_due() {
	local name status=0

	for name in $(repository_names); do
		[[ "$name" == local || -z "$(find "$ARCHIVE/drill-$name.json" -mtime -6 -exec grep -l '"ok": true' {} + 2>/dev/null)" ]] || continue
		bash "$SCRIPTS/drill.sh" "$name" || status=$?
	done
	exit "$status"
}

main() {
	local FROM="" TO="" WHY="" where="$ARCHIVE"

	[[ "${1:-}" != --help ]] || { usage && exit 0; }
	[[ "${1:-}" != --due ]] || drill_due
	REPOSITORY="${1:-local}"
	(($# <= 1)) || die "$USAGE" "one repository is needed. See: drill.sh --help"
	[[ -n "$ARCHIVE_CONF" && -e "$ARCHIVE_CONF/$REPOSITORY.conf" ]] || die "$REFUSED" "there is no repository '$REPOSITORY' (ARCHIVE_CONF='$ARCHIVE_CONF')"
	export PGUSER="${PGUSER:-postgres}"
	begin
	require_number 0 DRILL_BEHIND
	psql_prepare
	store_require
	moment_claim_scratch
	repository_info "$REPOSITORY" >"$WORK/flat.$REPOSITORY" || fail "$WHY"
	grep -q '^0\.backup\.0\.label' "$WORK/flat.$REPOSITORY" || fail "it has no backup"
	check_bytes
	check_names
	check_server
	ARCHIVE="$where"
	FROM="$(moment_utc "$FROM")"
	verdict true "\"$FROM\"" "\"$TO\"" ""
	printf 'proven %s from %s to %s\n' "$REPOSITORY" "$FROM" "$TO"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
