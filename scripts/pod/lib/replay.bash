# A server out of a repository: its newest state or that of a moment. PostgreSQL ends a recovery at the first segment that it does not get, and
# says nothing; so what is known to exist has to be reached, or the server is not used.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_BRANCH awk/branch.awk
read_text AWK_HAS_BACKUP awk/has_backup.awk
read_text AWK_NEWEST_WAL awk/newest_wal.awk
read_text SQL_REPLAYED sql/replayed.sql
read_text SQL_RECOVERY_ENDED sql/recovery_ended.sql

# Seconds that a replay may stand before what is known to exist: a repository that is away for a moment comes back.
REPLAY_PATIENCE="${REPLAY_PATIENCE:-60}"

# usage: replay_choose   Sets REPOSITORY to the nearest that has a backup of the present server; empty where none has one, and OLDER to one
# with a backup of a server before it. Status 69 with WHY where that is unknown.
replay_choose() {
	local name names has present=""

	REPOSITORY="" OLDER=""
	names="$(repository_names)"
	[[ ! -s "$SYSTEMS" ]] || present="$(tail -n 1 -- "$SYSTEMS")"
	for name in $names; do
		repository_info "$name" >"$WORK/flat.$name" || return "$UNREACHABLE"
		grep -q '^0\.backup\.0\.label' "$WORK/flat.$name" || continue
		WHY="what the repository $name says of itself is not understood"
		has="$(awk -F '\t' -v present="$present" "$AWK_HAS_BACKUP" "$WORK/flat.$name")" || return "$UNREACHABLE"
		if [[ "$has" == yes ]]; then
			REPOSITORY="$name"
			return 0
		fi
		OLDER="${OLDER:-$name}"
	done
}

# usage: replay_archive_id   Prints the directory of the present server's WAL in the repository: 16-1.
replay_archive_id() { awk -F '\t' '/^0\.archive\.[0-9]+\.id/ { gsub(/"/, "", $2); print $2 }' "$WORK/flat.$REPOSITORY" | tail -n 1; }

# usage: replay_newest   Prints the newest timeline, and what has to be reached on it: the newest position that was written down, or the beginning
# of the newest segment, whichever is later. Others were left behind by a restore.
replay_newest() {
	local newest timeline="" lsn="" last name

	last="$(awk -F '\t' '/^0\.archive\.[0-9]+\.max/ { print substr($2, 2, 24) }' "$WORK/flat.$REPOSITORY" | tail -n 1)"
	# What was set aside lies beside them.
	newest="$({ printf '%s\n' "$last" "$ARCHIVE"/stream/* && for name in $(repository_names); do printf '%s\n' "$ARCHIVE/queue-$name"/*; done; } |
		awk "$AWK_NEWEST_WAL")" || return "$UNREACHABLE"
	if [[ -s "$POSITION" ]]; then
		[[ ! "$(<"$POSITION")" =~ \"timeline\"\ :\ \"([0-9A-F]{8})\" ]] || timeline="${BASH_REMATCH[1]}"
		[[ ! "$(<"$POSITION")" =~ \"written\"\ :\ \"([0-9A-F]+/[0-9A-F]+)\" ]] || lsn="${BASH_REMATCH[1]}"
	fi
	if [[ -z "$lsn" || "$timeline" < "${newest%% *}" ]] || { [[ "$timeline" == "${newest%% *}" ]] && replay_is_before "$lsn" "${newest##* }"; }; then
		printf '%s\n' "$newest"
	else
		printf '%s %s\n' "$timeline" "$lsn"
	fi
}

# usage: replay_known   Prints what has to be reached.
replay_known() {
	local newest

	newest="$(replay_newest)" || return $?
	printf '%s\n' "${newest##* }"
}

# usage: replay_backups TIMELINE [NAME=VALUE...]   Prints the backups that lead to it, newest first: all, or as awk/branch.awk has it. Status 69
# with WHY where there is none, or its history cannot be had.
replay_backups() {
	local history file labels

	history="$WORK/history.$1"
	: >"$history"
	if ((16#${1:-0} > 1)); then
		for file in "$ARCHIVE/stream/$1.history" "$ARCHIVE/queue-$REPOSITORY/$1.history"; do [[ ! -s "$file" ]] || cp -- "$file" "$history" 2>"$WORK/cp" || [[ ! -e "$file" ]] || { WHY="$(<"$WORK/cp")" && return "$NO_SPACE"; }; done
		# Not archive-get: that wants a data directory.
		[[ -s "$history" ]] || repository_run "$REPOSITORY" repo-get "archive/$STANZA/$(replay_archive_id)/$1.history" >"$history" || {
			WHY="the history of the timeline $1 cannot be had from the repository $REPOSITORY: $(repository_said "$REPOSITORY" repo-get)"
			return "$UNREACHABLE"
		}
	fi
	labels="$(awk -F '\t' -v timeline="$1" "$AWK_BRANCH" "$history" "${@:2}" "$WORK/flat.$REPOSITORY")" || return "$UNREACHABLE"
	WHY="no backup in the repository $REPOSITORY leads to the timeline $1${2:+ (before $2)}"
	[[ -n "$labels" ]] || return "$REFUSED"
	printf '%s\n' "$labels"
}

# usage: replay_pin TIMELINE   Makes the server follow this one; none where it is empty. Of its own accord it would go on along an older one, should the
# newer's history not be had just now.
replay_pin() { [[ -z "$1" ]] || REPLAY_OPTIONS+=(-c "recovery_target_timeline=$((16#$1))"); }

# usage: replay_require_branch DIRECTORY TIMELINE   What the server there has been promoted from was this timeline, and nothing of an older one beyond
# where it was left: PostgreSQL reads an older one's segment where the newer's is not to be had, and the new history has the timeline that it looked
# for last. The first record of the new timeline tells the truth. Status 65 with WHY.
replay_require_branch() {
	local files began left record

	[[ -n "$2" && -s "$WORK/history.$2" ]] || return 0
	files=("$1"/pg_wal/*.history)
	began="$(replay_left_at "${files[-1]}")"
	left="$(replay_left_at "$WORK/history.$2")"
	record="$(pg_waldump --path="$1/pg_wal" --timeline=$((16#$(basename -- "${files[-1]}" .history))) --start="$began" --rmgr=XLOG --limit=1 2>"$WORK/waldump")" || :
	WHY="which timeline was followed cannot be told: $(head -n 1 -- "$WORK/waldump")"
	[[ "$record" =~ prev\ tli\ ([0-9]+) ]] || return "$UNREACHABLE"
	WHY="the timeline $2 was left out: its WAL is missing where it begins, at $left"
	((BASH_REMATCH[1] == 16#$2)) || ! replay_is_before "$left" "$began" || return "$BROKEN"
}

# usage: replay_left_at HISTORY   Prints where the timeline before it was left.
replay_left_at() { awk '$1 ~ /^[0-9]+$/ { last = $2 } END { print last }' "$1"; }

# usage: replay_is_before LSN LSN   0 if the first is the earlier, else 1.
replay_is_before() { ((16#${1%/*} < 16#${2%/*} || (16#${1%/*} == 16#${2%/*} && 16#${1#*/} < 16#${2#*/}))); }

# usage: replay_restore DIRECTORY [OPTION...]   The data directory of a backup, with all WAL that has not reached the repository. Sets
# REPLAY_OPTIONS: what a server on it is started with.
replay_restore() {
	local file name

	repository_do "$REPOSITORY" restore --pg1-path="$1" --archive-mode=off "${@:2}" || {
		WHY="the restore from the repository $REPOSITORY failed: $WHY"
		why_status "$1" || return $?
	}
	step archive-restored
	# In the order in which an archiver at work moves them; it may have moved one already.
	for file in "$ARCHIVE/stream"/* "$ARCHIVE/queue-$REPOSITORY"/*; do
		name="${file##*/}"
		[[ -e "$file" && ! -e "$1/pg_wal/${name%.partial}" ]] || continue
		cp -- "$file" "$1/pg_wal/${name%.partial}" 2>"$WORK/cp" || [[ ! -e "$file" ]] || { WHY="$(<"$WORK/cp")" && return "$NO_SPACE"; }
	done
	# Its restore_command is pgBackRest too.
	repository_export "$REPOSITORY"
	# The socket is ours alone, whatever rules and passwords were in force.
	echo 'local all all trust' >"$WORK/hba"
	REPLAY_OPTIONS=(-c archive_mode=off -c "hba_file='$WORK/hba'" -c wal_retrieve_retry_interval=1s -c hot_standby=on)
}

# usage: replay_watch DIRECTORY   In the background until the server there can be asked, for which pg_ctl waits: ends it where it stands before
# that, at a segment that it does not get.
replay_watch() {
	local now last="" stood=0

	while ((stood <= REPLAY_PATIENCE)); do
		sleep 1
		now="$(replay_waits "$1")"
		if [[ -n "$now" && "$now" == "$last" ]]; then stood=$((stood + 1)); else stood=0; fi
		last="$now"
	done
	pg_ctl stop -D "$1" -m immediate -W -s
}

# usage: replay_guard DIRECTORY   Before a server is started there; replay_unguard after.
replay_guard() {
	# Without our locks: its last sleep outlives us.
	replay_watch "$1" >/dev/null 2>&1 7>&- 8>&- 9>&- &
	WATCH=$!
}

replay_unguard() {
	kill "$WATCH"
	wait "$WATCH" 2>/dev/null || true # ended on purpose
}

# usage: replay_waits DIRECTORY   Prints what the server there waits for, as its startup process says it.
replay_waits() {
	local process data title

	data="$(cd -- "$1" && pwd -P)"
	for process in /proc/[0-9]*; do
		[[ "$(readlink "$process/cwd" 2>/dev/null)" == "$data" ]] || continue # another's, or gone
		title="$(tr '\0' ' ' <"$process/cmdline" 2>/dev/null)" || continue
		[[ ! "$title" =~ startup\ +waiting\ for\ ([0-9A-F]+) ]] || printf '%s\n' "${BASH_REMATCH[1]}"
	done
}

# usage: replay_follow REQUIRED   Until all is replayed. Sets REPLAYED to the last commit's time. Status 65 with WHY where that is not all that exists.
replay_follow() {
	local reached idle at stood=0

	while :; do
		IFS=$'\t' read -r reached idle at REPLAYED < <(psql_run "$CONTROL" -v required="$1" <<<"$SQL_REPLAYED" 2>"$WORK/server.out") || {
			WHY="the server ended while it replayed: $(server_said)"
			return "$UNREACHABLE"
		}
		if [[ "$idle" == t ]]; then
			[[ "$reached" != t ]] || return 0
			stood=$((stood + 1))
		else
			stood=0
		fi
		if ((stood > REPLAY_PATIENCE)); then
			WHY="the archive ends at $at, but WAL up to $1 is known to exist: $(replay_said)"
			return "$BROKEN"
		fi
		sleep 1
	done
}

# usage: replay_said   Why the replay got no further, as pgBackRest has said it to the server.
replay_said() { grep -E 'ERROR: \[|FATAL|PANIC|lower setting than on the primary' -- "$WORK/server.log" | tail -n 1 || echo "segments are missing"; }

# usage: replay_end   The server goes on by itself, on a timeline of its own, where it does not yet. The slot first: backups have none, and
# nothing that is written may be kept from the archiver.
replay_end() {
	{ psql_run "$CONTROL" -c "SELECT pg_create_physical_replication_slot('$SLOT', true)" &&
		psql_run "$CONTROL" -c 'SELECT CASE WHEN pg_is_in_recovery() THEN pg_promote(true, 86400) END' &&
		psql_run "$CONTROL" <<<"$SQL_RECOVERY_ENDED"; } >"$WORK/server.out" 2>&1 || { WHY="the server cannot go on: $(tail -n 1 "$WORK/server.out")" && return "$UNREACHABLE"; }
	step promoted
}

# What was put in place ends before the archive does.
SHORTER=.brewget-shorter

# usage: replay_mark_shorter DIRECTORY   Before it is put in place: however that ends, replay_leave_behind is then to be called.
replay_mark_shorter() { : >"$1/$SHORTER"; }

# usage: replay_leave_behind DIRECTORY   The stream goes on from where the server is, not from where it had been: what is left there is kept
# for a person, how far it had come says nothing any more, and the newest backup may be of what was left: another is needed.
replay_leave_behind() {
	local kept name

	[[ -e "$1/$SHORTER" ]] || return 0
	rm -f -- "$POSITION" || return "$NO_SPACE"
	for name in $(repository_names); do : >"$ARCHIVE/backup-now-$name" || return "$NO_SPACE"; done
	kept="$ARCHIVE/stream-left.$(date -u +%s)"
	if [[ -d "$ARCHIVE/stream" ]] && ! rmdir -- "$ARCHIVE/stream" 2>/dev/null; then # an empty one says nothing
		mv -- "$ARCHIVE/stream" "$kept" || return "$NO_SPACE"
		log "what had been streamed beyond it is kept: $kept"
	fi
	rm -f -- "$1/$SHORTER" && make_durable "$1" || return "$NO_SPACE"
}
