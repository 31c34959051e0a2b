#!/usr/bin/env bash
# Beside the server: streams its WAL through a slot into the store, pushes what is complete to each repository, takes
# pgBackRest's backups, and writes once a minute how far the archive has come. Reads the server and its data directory;
# writes `archive` in the store.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/repository.bash"

read_text AWK_DUE awk/due.awk
read_text SQL_CANARY sql/canary.sql

PGDATA="${PGDATA:-/var/lib/postgresql/data/pgdata}"
ARCHIVE_SYNCHRONOUS="${ARCHIVE_SYNCHRONOUS:-0}"
ARCHIVE_FULL_HOURS="${ARCHIVE_FULL_HOURS:-168}"
ARCHIVE_DIFF_HOURS="${ARCHIVE_DIFF_HOURS:-24}"
ARCHIVE_INCR_HOURS="${ARCHIVE_INCR_HOURS:-6}"
ARCHIVE_CANARY_SECONDS="${ARCHIVE_CANARY_SECONDS:-60}"

usage() {
	cat <<'USAGE'
usage: archiver.sh [--await-server-end]

Keeps the archive of the server that the PG* variables name, whose data directory is PGDATA, until it is stopped.
  --await-server-end   only waits until the server's socket is gone: then all that it wrote has been streamed
USAGE
}

# Of the part that runs: its name, and what it said last.
PART="" TOLD=""

# usage: ask SQL...   As psql, with nothing of its own on stdout or stderr but the answer. Each part of the archiver has a file for what it says.
ask() { psql_run "$CONTROL" "${@:2}" <<<"$1" 2>"$WORK/server.out$PART"; }

server_line() { head -n 1 -- "$WORK/server.out$PART"; }

# usage: tell MESSAGE   Once, until there is another or none.
tell() {
	[[ -z "$1" || "$1" == "$TOLD" ]] || log "$1"
	TOLD="$1"
}

# usage: backup_now   What was streamed before is not enough any more: each repository needs a backup from here on.
backup_now() {
	local name

	for name in $(repository_names); do : >"$ARCHIVE/backup-now-$name" || return "$NO_SPACE"; done
}

# usage: take_over   Whose archive this is. A server made afresh has an identity of its own: what is left of another's stream is no part of
# its WAL, and pg_receivewal would go on where that one ended. Its name comes last: once it is there all of this was done.
take_over() {
	local now name last="" WHY=""

	now="$(ask 'SELECT system_identifier FROM pg_control_system()')" || psql_server_refused
	[[ ! -s "$SYSTEMS" ]] || last="$(tail -n 1 -- "$SYSTEMS")"
	[[ "$now" != "$last" ]] || return 0
	if [[ -n "$last" ]]; then
		log "the server is another one ($now) than the one before ($last): what is streamed from now on is its own"
		set_stream_aside "$last" || return "$NO_SPACE"
		for name in $(repository_names); do
			repository_drain "$name" || log "error: $WHY"
			set_aside "$ARCHIVE/queue-$name" "$last" || return "$NO_SPACE"
		done
	fi
	rm -f -- "$POSITION"
	backup_now && printf '%s\n' "$now" >>"$SYSTEMS" && sync -- "$SYSTEMS" || return "$NO_SPACE"
}

# usage: set_stream_aside WHY   What is complete goes its way; the rest of the stream is no beginning for what comes next, and is kept where a
# person finds it.
set_stream_aside() { repository_enqueue_all && set_aside "$ARCHIVE/stream" "$1"; }

# usage: set_aside DIRECTORY WHY   An empty one takes its place.
set_aside() {
	if ! rmdir -- "$1" 2>/dev/null && [[ -d "$1" ]]; then
		log "warning: what is left in $1 is kept as $1-$2"
		mv -- "$1" "$1-$2.$(date -u +%s)" || return "$NO_SPACE"
	fi
	mkdir -p -- "$1" || return "$NO_SPACE"
}

# usage: require_slot   Makes the slot anew where it is missing or has been cut off: WAL is lost to the archive then, and it says so.
# Status 69 or 73 with WHY. The backups are asked for first: a slot that is there says that nothing is missing.
require_slot() {
	local status

	status="$(ask "SELECT coalesce(wal_status, 'lost') FROM pg_replication_slots WHERE slot_name = '$SLOT'")" || { WHY="$(server_line)" && return "$UNREACHABLE"; }
	[[ -z "$status" || "$status" == lost ]] || return 0
	[[ -z "$status" && ! -s "$POSITION" ]] ||
		log "error: the archive has a gap: the slot $SLOT is ${status:-gone}, and the server has removed WAL that was not streamed, or may have. A new backup closes it"
	WHY="cannot write to $ARCHIVE"
	backup_now && set_stream_aside "${status:-unslotted}" || return "$NO_SPACE"
	ask "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$SLOT';
		SELECT pg_create_physical_replication_slot('$SLOT', true)" >/dev/null || { WHY="$(server_line)" && return "$UNREACHABLE"; }
	step slot-made
}

# Goes on by itself when the server or the slot was away.
receive() {
	local options=(--slot="$SLOT" --directory="$ARCHIVE/stream" --status-interval=1 --no-password --no-loop) WHY since

	((ARCHIVE_SYNCHRONOUS == 0)) || options+=(--synchronous)
	while :; do
		if require_slot; then
			since=$SECONDS
			# The name that synchronous_standby_names has.
			{ PGAPPNAME=archiver pg_receivewal "${options[@]}" || :; } 2>"$WORK/received" # its reason is told
			# Where there was no room for a segment it leaves what it could make of the file, and does not take it for its own any more.
			! grep -q 'should be 0 or' "$WORK/received" || rm -f -- "$ARCHIVE/stream"/*.partial
			((SECONDS - since < 10)) || TOLD=""
			WHY="$(awk 'sub(/^pg_receivewal: error: /, "") { why = $0 } END { print (why == "") ? "pg_receivewal was ended" : why }' "$WORK/received")"
		fi
		tell "warning: no WAL is streamed: $WHY"
		sleep 1
	done
}

feed() {
	while :; do
		if repository_enqueue_all; then tell ""; else tell "error: cannot write to $ARCHIVE: the server keeps its WAL until there is room"; fi
		make_room
		sleep 1
	done
}

# usage: make_room   A repository that is away for long must not fill the disk for all else: what waits for it alone goes, if that is much.
make_room() {
	local name file files first

	(($(free_bytes "$ARCHIVE") < BACKUP_MIN_FREE)) || return 0
	first="$(repository_names | sed -n 1p)"
	for name in $(repository_names); do
		files=("$ARCHIVE/queue-$name"/*)
		[[ "$name" != "$first" ]] && ((${#files[@]} > 8)) || continue
		log "error: $ARCHIVE has no room: the WAL that waits for the repository $name is dropped. A new backup closes the gap there"
		for file in "${files[@]}"; do
			[[ ! -e "$ARCHIVE/queue-$first/${file##*/}" ]] || continue
			rm -f -- "$file"
			: >"$ARCHIVE/backup-now-$name" || : # there is room after the next one
		done
	done
}

# usage: push NAME   Says once that it cannot, and once that it can again.
push() {
	local WHY=""

	while :; do
		if repository_drain "$1"; then
			[[ -z "$TOLD" ]] || log "the repository $1 takes WAL again"
			tell ""
			sleep 1
		else
			tell "error: $WHY"
			sleep "$ARCHIVE_CANARY_SECONDS"
		fi
	done
}

# usage: keep NAME   Its backups. Whatever goes wrong is said and tried again, ever more seldom: a backup is no small thing.
keep() {
	local WHY="" pause=1

	while :; do
		if take_due_backup "$1"; then
			pause=1
			tell ""
		else
			tell "error: no backup in the repository $1: $WHY"
			((pause >= 16)) || pause=$((pause * 2))
		fi
		sleep $((pause * ARCHIVE_CANARY_SECONDS))
	done
}

# usage: take_due_backup NAME   Status 69 with WHY where one is due and was not taken.
take_due_backup() {
	local due last now="$ARCHIVE/backup-now-$1"
	local database=(--pg1-path="$PGDATA" --pg1-socket-path="$PGHOST" --pg1-port="$PGPORT" --pg1-user="$PGUSER")

	repository_own "$1" "${database[@]}" || return "$UNREACHABLE"
	due="$(awk -F '\t' -v now="$(date +%s)" -v full=$((ARCHIVE_FULL_HOURS * 3600)) -v diff=$((ARCHIVE_DIFF_HOURS * 3600)) \
		-v incr=$((ARCHIVE_INCR_HOURS * 3600)) "$AWK_DUE" "$WORK/flat.$1")" || return "$UNREACHABLE"
	read -r due last <<<"$due"
	# The canary's part reads it meanwhile.
	printf '%s\n' "$last" | replace "$WORK/last.$1"
	[[ "$due" != - || ! -e "$now" ]] || due=incr
	[[ "$due" != - ]] || return 0
	log "taking a backup ($due) into the repository $1"
	repository_do "$1" backup "${database[@]}" --type="$due" || return "$UNREACHABLE"
	rm -f -- "$now"
	date +%s | replace "$WORK/last.$1"
	log "the backup is in the repository $1"
	step backed-up
}

# usage: tick   The canary, and how far the archive has come. A server that is away for now is nothing new to those who wait for it.
tick() {
	local name file line last previous waiting="" backups=""

	previous="$(repository_canary)"
	for name in $(repository_names); do
		file=("$ARCHIVE/queue-$name"/*)
		[[ -e "${file[0]}" ]] || file=()
		waiting+="${waiting:+, }\"$name\": ${#file[@]}"
		last="$(cat -- "$WORK/last.$name" 2>/dev/null)" || last=0
		((last == 0)) && last=null || last="\"$(date -u -d "@$last" +%Y-%m-%dT%H:%M:%SZ)\""
		backups+="${backups:+, }\"$name\": $last"
	done
	line="$(ask "$SQL_CANARY" -v slot="$SLOT" -v previous="$previous" -v waiting="{$waiting}" -v backups="{$backups}")" || {
		tell "warning: the archive's position is unknown: $(server_line)"
		return 0
	}
	# Those who read it read it whole.
	{ printf '%s\n' "$line" >"$POSITION.new" && sync -- "$POSITION.new" && mv -- "$POSITION.new" "$POSITION"; } 2>/dev/null || {
		tell "error: cannot write $POSITION"
		return 0
	}
	tell ""
	step ticked
}

watch() {
	while :; do
		tick
		sleep "$ARCHIVE_CANARY_SECONDS"
	done
}

# Waits until the server has ended, at most as long as a pod is given.
await_server_end() {
	while [[ -S "$PGHOST/.s.PGSQL.$PGPORT" ]]; do sleep 0.2; done
	# pg_receivewal writes what it has received last.
	sleep 0.5
}

# usage: part COMMAND...   One of the things that are done all the time.
part() {
	PART=".$1.${2:-}"
	"$@"
}

# What a part of ours has started is not its shell's to end.
end_parts() { kill -s TERM -- "-$$" 2>/dev/null; }

# usage: archive   Everything at once; where one part ends, all end, and the container is started anew.
archive() {
	local name status=0

	at_exit end_parts
	part receive &
	part feed &
	for name in $(repository_names); do
		part push "$name" &
		part keep "$name" &
	done
	part watch &
	wait -n || status=$?
	die "$UNREACHABLE" "a part of the archiver has ended (status $status)"
}

main() {
	local name

	[[ "${1:-}" != --help ]] || { usage && exit 0; }
	export PGHOST="${PGHOST:-/var/run/postgresql}" PGPORT="${PGPORT:-5432}" PGUSER="${PGUSER:-postgres}"
	if [[ "${1:-}" == --await-server-end && $# == 1 ]]; then
		await_server_end
		exit 0
	fi
	(($# == 0)) || die "$USAGE" "unknown option '$1'. See: archiver.sh --help"
	begin
	require_one ARCHIVE_SYNCHRONOUS 0 1
	require_number 1 ARCHIVE_{FULL_HOURS,DIFF_HOURS,INCR_HOURS,CANARY_SECONDS}
	[[ -n "$(repository_names)" ]] || die "$USAGE" "ARCHIVE_CONF='$ARCHIVE_CONF' has no NAME.conf: there is no repository"
	psql_prepare
	store_require
	mkdir -p -- "$ARCHIVE/stream" || die "$NO_SPACE" "cannot make $ARCHIVE"
	for name in $(repository_names); do mkdir -p -- "$ARCHIVE/queue-$name" || die "$NO_SPACE" "cannot make $ARCHIVE/queue-$name"; done
	repository_lock "the archiver"
	psql_require_server "$BACKUP_SERVER_WAIT"
	take_over || die $? "cannot write to $ARCHIVE"
	archive
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
