# A moment in the archive: whether it can be had, and a server that is there. PostgreSQL rounds some targets without a word and finds others
# out of reach only when it has restored everything: so what can be known is asked before.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

SCRATCH="${VERIFY_SCRATCH:-${TMPDIR:-/tmp}/brewget-verify-$(id -u)}"

# usage: moment_claim_scratch   One throwaway server at a time in one directory (descriptor 7); what a killed run left goes.
moment_claim_scratch() {
	mkdir -p -- "$SCRATCH" || die "$NO_SPACE" "cannot make the scratch directory $SCRATCH"
	{ exec 7>>"$SCRATCH/.verify-lock"; } || die "$NO_SPACE" "cannot write to the scratch directory $SCRATCH"
	try_lock -x 7 "the file system of $SCRATCH has no locks" ". Another VERIFY_SCRATCH is needed" || die "$BUSY" "another restore or verification is using $SCRATCH"
	[[ ! -e "$SCRATCH/moment" ]] || server_stop_orphan "$SCRATCH/moment/data" || die "$BUSY" "a server is running on $SCRATCH/moment/data"
	moment_drop_scratch
	at_exit moment_drop_scratch
	at_exit server_stop_now
	mkdir -p -- "$SCRATCH/moment"
}

moment_drop_scratch() { rm -rf -- "$SCRATCH/moment"; }

# usage: moment_parse TIME   Sets MOMENT to it as pgBackRest reads it (of any other form it takes the newest backup, without a word), and prints
# nothing; SECONDS_OF to its seconds. Status 64 where it is no time with a zone.
moment_parse() {
	local day='([0-9]{4}-[0-9]{2}-[0-9]{2})' time='([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,6})?' zone='(Z|UTC|([+-])(0[0-9]|1[0-5])(:?([0-5][0-9]))?)'
	local seconds fraction

	[[ "$1" =~ ^${day}[\ T]${time}\ ?${zone}$ ]] || return "$USAGE"
	fraction="${BASH_REMATCH[3]}"
	seconds="$(epoch "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}" 2>/dev/null)" || return "$USAGE"
	# busybox makes the 2nd of March of the 30th of February.
	[[ "$(date -u -d "@$seconds" '+%Y-%m-%d %H:%M:%S')" == "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}" ]] || return "$USAGE"
	[[ -z "${BASH_REMATCH[5]}" ]] || seconds=$((seconds - ${BASH_REMATCH[5]}1 * (10#${BASH_REMATCH[6]} * 3600 + 10#0${BASH_REMATCH[8]} * 60)))
	SECONDS_OF="$seconds"
	MOMENT="$(date -u -d "@$seconds" '+%Y-%m-%d %H:%M:%S')$fraction+00"
}

# usage: moment_check KIND TARGET   Sets MOMENT. Status 64 or 78 with WHY where the archive of REPOSITORY cannot have it.
moment_check() {
	MOMENT="$2"
	case "$1" in
	time) moment_check_time "$2" || return $? ;;
	lsn) moment_check_lsn "$2" || return $? ;;
	name)
		# pgBackRest writes it into the server's configuration as it is.
		WHY="'$2' is no name of a restore point that can be asked for: letters, digits, blanks and _ . : - are"
		[[ "$2" =~ ^[A-Za-z0-9_.:\ -]{1,63}$ ]] || return "$USAGE"
		;;
	xid)
		WHY="'$2' is no number of a transaction"
		[[ "$2" =~ ^[1-9][0-9]{0,9}$ ]] || return "$USAGE"
		;;
	esac
}

# usage: moment_check_time TIME
moment_check_time() {
	local first last SECONDS_OF

	WHY="'$1' is no time with its zone, such as '2026-11-22 10:15:00+00'; without one it could be another hour"
	moment_parse "$1" || return "$USAGE"
	first="$(awk -F '\t' '/^0\.backup\.0\.timestamp\.stop/ { print $2 }' "$WORK/flat.$REPOSITORY")"
	WHY="the archive begins at $(moment_utc "$first"): '$1' is not after that. Ways on: a later moment, or a set of before (list.sh)"
	((SECONDS_OF > first)) || return "$REFUSED"
	last="$(repository_canary)"
	WHY="how far the archive has come is unknown: $POSITION is missing. It is written once a minute while the archiver is at work"
	[[ -n "$last" ]] || return "$REFUSED"
	WHY="the archive has come to $last: '$1' is later. That is written once a minute: try again then"
	# What is known of it has no fractions.
	[[ ! "$MOMENT" =~ \.0*[1-9] ]] || SECONDS_OF=$((SECONDS_OF + 1))
	((SECONDS_OF <= $(epoch "$last"))) || return "$REFUSED"
}

# usage: moment_check_lsn LSN
moment_check_lsn() {
	local last status=0 before="" TIMELINE

	WHY="'$1' is no position in the WAL, such as 0/5000090"
	[[ "$1" =~ ^[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}$ ]] || return "$USAGE"
	# Positions begin anew with each server.
	! grep -q '^0\.db\.1\.' "$WORK/flat.$REPOSITORY" || before=". Positions are the present server's; a moment of one before it is named by its time (--to-time)"
	moment_backups lsn "$1" || status=$?
	((status != REFUSED)) || WHY="the archive begins with its first backup: $1 is before that$before"
	((status == OK)) || return "$status"
	last="$(replay_known)" || { WHY="cannot look into $ARCHIVE" && return "$UNREACHABLE"; }
	WHY="the archive is known to have come to $last: $1 is later$before"
	! replay_is_before "$last" "$1" || return "$REFUSED"
}

moment_utc() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }

# usage: moment_backups KIND TARGET   Writes the backups that can lead there, newest first, to WORK/backups. Status 69 or 78 with WHY where there is
# none. Sets TIMELINE to the one that the server is to follow: that of the present, empty where the backup is of a server before.
moment_backups() {
	local newest="" before=()

	# What names there are of its WAL says nothing of a server before this one.
	[[ "$REPOSITORY" == "$OLDER" ]] || newest="$(replay_newest)" || { WHY="cannot look into $ARCHIVE" && return "$UNREACHABLE"; }
	case "$1" in
	time) before=(time="$(epoch "${2%%[.+]*}")") ;;
	lsn) before=(lsn="$2") ;;
	esac
	replay_backups "${newest%% *}" "${before[@]}" >"$WORK/backups" || return $?
	TIMELINE="${newest%% *}"
	[[ "$(head -n 1 -- "$WORK/backups")" != *" -" ]] || TIMELINE=""
}

# usage: moment_backup   Prints the newest of them.
moment_backup() { head -n 1 -- "$WORK/backups" | cut -d ' ' -f 1; }

# usage: moment_restore DIRECTORY KIND TARGET   A server there, at that moment; status 69, 73 or 78 with WHY. By time and position the last backup
# before it is right; a name or a transaction can only be looked for, from the newest backup backwards.
moment_restore() {
	local options=(--type="$2" --target="$3" --target-action=promote --tablespace-map-all="$1.tablespaces") label labels TIMELINE

	moment_backups "$2" "$3" || return $?
	labels="$(cut -d ' ' -f 1 -- "$WORK/backups")"
	case "$2" in
	time | lsn)
		moment_try "$1" --set="${labels%%$'\n'*}" "${options[@]}"
		return $?
		;;
	xid) options+=(--target-exclusive) ;;
	esac
	for label in $labels; do
		log "looking for $2 $3 after the backup $label"
		moment_try "$1" --set="$label" "${options[@]}" && return 0
		moment_was_missed || why_status "$1" || return $?
		rm -rf -- "$1" "$1.tablespaces"
		: >"$WORK/server.log"
	done
	WHY="no $2 $3 is in the archive"
	return "$REFUSED"
}

# usage: moment_was_missed   0 if the last server came past what it was to stop at, or did not find it, else 1.
moment_was_missed() {
	grep -q -E 'recovery ended before configured recovery target was reached|requested recovery stop point is before consistent recovery point' "$WORK/server.log"
}

# usage: moment_try DIRECTORY OPTION...   Status 69, 73 or 78 with WHY.
moment_try() {
	replay_restore "$@" || return $?
	replay_pin "$TIMELINE"
	if server_start "$1" "${REPLAY_OPTIONS[@]}"; then moment_await "$1"; else moment_lost; fi
}

# usage: moment_await DIRECTORY   The server there goes on as soon as it is at its target.
moment_await() {
	local state

	until [[ "${state:-}" == there ]]; do
		server_is_served "$1" || { moment_lost || return $?; }
		state="$(psql_run "$CONTROL" -c "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 'there' WHEN pg_is_wal_replay_paused() THEN 'paused' END" 2>"$WORK/server.out")" || state=""
		WHY="the moment was not reached: $(replay_said)"
		[[ "$state" != paused ]] || return "$UNREACHABLE"
		sleep 0.2
	done
	replay_require_branch "$1" "$TIMELINE" || return $?
	step at-the-moment
}

# usage: moment_lost   Why the server has ended.
moment_lost() {
	OUR_SERVER=""
	WHY="the moment was not reached: $(server_said)"
	! moment_was_missed || return "$REFUSED"
	why_status "$SCRATCH"
}
