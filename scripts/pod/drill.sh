#!/usr/bin/env bash
# Proves an archive: what pgBackRest's verify says of its bytes, the names of its segments, and a throwaway server out of it, whose last commit
# and indexes are looked at. Reads the archive; writes VERIFY_SCRATCH and the verdict, drill-NAME.json.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
source "$SCRIPTS/lib/contents.bash"
source "$SCRIPTS/lib/objects.bash"
source "$SCRIPTS/lib/compare.bash"
source "$SCRIPTS/lib/server.bash"
source "$SCRIPTS/lib/repository.bash"
source "$SCRIPTS/lib/replay.bash"
source "$SCRIPTS/lib/moment.bash"

read_text AWK_WAL_GAPS awk/wal_gaps.awk
read_text AWK_STANDBY awk/standby.awk
read_text SQL_INSTANT sql/instant.sql

# Seconds that the last commit may lie before the canary that is known: one that is missing is noticed, one that is under way is not.
DRILL_BEHIND="${DRILL_BEHIND:-120}"
# What a standby cannot be compared by: see awk/standby.awk.
USER_RELATIONS+=" AND c.relpersistence = 'p'" SQL_SEQUENCES=""

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

	printf '{"version": 1, "time": "%s", "ok": %s, "from": %s, "to": %s, "seconds": %d, "why": %s, "sides": "%s", "contents": "%s"}\n' \
		"$(utc)" "$1" "$2" "$3" "$SECONDS" "$(json_quote "$4")" "$SIDES" "$CONTENTS" >"$file.new" && make_durable "$file.new" && mv -- "$file.new" "$file" ||
		die "$NO_SPACE" "cannot write $file"
}

# usage: fail WHY
fail() {
	local status=0

	WHY="$1"
	why_status "$SCRATCH" || status=$?
	verdict false null null "$WHY"
	die "$((status == NO_SPACE ? status : BROKEN))" "the archive in the repository $REPOSITORY is not proven: $WHY"
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

# usage: choose_instant   Sets INSTANT, where the replay is looked at on its way: the newest canary, or, where the newest set is of this server and says
# what was in it, when that was read; then SET is its name.
choose_instant() {
	INSTANT="$(repository_canary)"
	INSTANT="${INSTANT/Z/+00}"
	SET="$(sets_resolve latest 2>"$WORK/said.set")" && set_read "$BACKUP_ROOT/$SET" && [[ "${MANIFEST["server.system_identifier"]}" == "\"$(tail -n 1 -- "$SYSTEMS")\"" ]] &&
		[[ -n "${MANIFEST["databases.0.taken.0"]:-}" && -z "${MANIFEST[encrypted]:-}" ]] ||
		{ SET="" CONTENTS="not compared: the newest set is none of this server, or does not say what was in it when" && return 0; }
	json_text INSTANT "${MANIFEST["databases.$((MANIFEST[databases] - 1)).taken.1"]}"
	INSTANT+=+00
	awk -F '\t' "$AWK_STANDBY" "$MANIFEST_FLAT" "$MANIFEST_FLAT" | replace "$MANIFEST_FLAT"
}

# usage: open_server [POSTGRES OPTION...]   On what was restored, as often as it is asked for: it goes on where it was.
open_server() {
	replay_guard "$SCRATCH/moment/data"
	server_start "$SCRATCH/moment/data" "${REPLAY_OPTIONS[@]}" "$@" || fail "the server does not start: $(server_said)"
	replay_unguard
}

# usage: unseen WHY   Nothing speaks against it, and nothing for it.
unseen() {
	SIDES="not proven: $1"
	[[ -z "$SET" ]] || CONTENTS="not compared with $SET: $1"
}

# usage: check_instant   The server is stopped there, before the first commit that came later, and looked at.
check_instant() {
	local xid="" next="" sides still taken=""

	open_server -c "recovery_target_time='$INSTANT'"
	replay_follow 0/0 || fail "$WHY"
	IFS=$'\t' read -r xid next < <(sed -n 's/.*recovery stopping before [a-z]* of transaction \([0-9]*\), time /\1\t/p' "$WORK/server.log") || :
	if [[ -z "$next" ]]; then
		unseen "the repository has not come to $INSTANT"
	else
		[[ -z "$SET" ]] || json_text taken "${MANIFEST["databases.0.taken.0"]}"
		IFS=$'\t' read -r still sides < <(psql_run "$CONTROL" -v xid="$xid" -v next="$next" -v instant="$INSTANT" -v taken="${taken:+$taken+00}" <<<"$SQL_INSTANT") || fail "it cannot be asked at $INSTANT"
		[[ "$sides" != f ]] || fail "at $INSTANT it has what was committed later, at $next"
		SIDES="proven at $INSTANT"
		[[ -n "$sides" ]] || SIDES="not proven: nothing was committed between the backup and $INSTANT"
		[[ -z "$SET" ]] || check_contents "$still"
	fi
	server_stop || fail "the server does not stop: $(<"$WORK/pg_ctl.out")"
	step instant-checked
}

# usage: check_contents STILL   All databases of the set as it has them; only where nobody wrote meanwhile (t) is it wrong that they are not.
check_contents() {
	local i name

	for ((i = 0; i < MANIFEST[databases]; i++)); do
		json_text name "${MANIFEST["databases.$i.name"]}"
		WHY="it cannot be read"
		compare_database "$i" "$name" && continue
		[[ "$1" != t ]] || fail "the database $name at $INSTANT is not as in $SET, and nothing was written meanwhile: $WHY"
		CONTENTS="not compared with $SET: the server was written to meanwhile" && return 0
	done
	CONTENTS="compared $i databases with $SET"
}

# usage: check_server   A server with everything in it. Off-site is to prove itself: without what is still here.
check_server() {
	local newest canary REPLAYED="" INSTANT SET

	canary="$(repository_canary)"
	choose_instant
	# It has a segment every five minutes (archive_timeout).
	[[ "$REPOSITORY" == local ]] || ARCHIVE="$SCRATCH/none" POSITION=/dev/null DRILL_BEHIND=$((DRILL_BEHIND + 300))
	newest="$(replay_newest)" || fail "cannot look into $ARCHIVE"
	{ [[ -n "$INSTANT" ]] && replay_backups "${newest%% *}" time="$(epoch "$INSTANT")" same=1 >"$WORK/backups"; } || {
		unseen "no backup of this timeline is older than ${INSTANT:-its newest commit}"
		INSTANT=""
		replay_backups "${newest%% *}" >"$WORK/backups" || fail "$WHY"
	}
	replay_restore "$SCRATCH/moment/data" --set="$(head -n 1 -- "$WORK/backups")" --type=standby --tablespace-map-all="$SCRATCH/moment/tablespaces" || fail "$WHY"
	replay_pin "${newest%% *}"
	[[ -z "$INSTANT" ]] || check_instant
	open_server
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
	local FROM="" TO="" WHY="" SIDES="not proven" CONTENTS="not compared" where="$ARCHIVE"

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
