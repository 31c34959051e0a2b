# Start-up with an archive: builds the data directory from its newest state, or that of a moment. What recover.bash is for sets.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# usage: regain   The archive's newest state, or that of STARTUP_TO_TIME. Status 1 where there is none, or a set was taken later.
regain() {
	local name

	WAYS=". Nothing was put in place. Ways on: see to what is named and start again, or take a set: STARTUP_SET=backup_..."
	mkdir -p -- "$ARCHIVE" || pgdata_refuse "$NO_SPACE" "cannot make $ARCHIVE"
	repository_lock "${0##*/}"
	repository_enqueue_all || pgdata_refuse "$NO_SPACE" "cannot write to $ARCHIVE"
	for name in $(repository_names); do repository_drain "$name" || log "warning: $WHY"; done
	replay_choose || pgdata_refuse "$UNREACHABLE" "$WHY. Whether the archive has something newer than the sets is unknown$WAYS"
	if [[ -n "$STARTUP_TO_TIME" ]]; then
		regain_moment
	elif [[ -n "$REPOSITORY" ]]; then
		regain_end || return 1
	else
		[[ -z "$OLDER" ]] || log "warning: the archive (repository $OLDER) has no backup of the present server: what that wrote since it was started from a set is not in it"
		WAYS=""
		return 1
	fi
}

# usage: regain_end   Status 1 where a set was taken later.
regain_end() {
	local newest known REPLAYED="" lost="" from=() short=". To go on with what there is: STARTUP_ACCEPT=shorter-wal"

	newest="$(replay_newest)" || pgdata_refuse "$UNREACHABLE" "cannot look into $ARCHIVE"
	known="${newest##* }"
	log "restoring from the archive (repository $REPOSITORY), up to $known at least"
	if replay_backups "${newest%% *}" >"$WORK/backups"; then
		from=(--set="$(head -n 1 -- "$WORK/backups")")
	else
		pgdata_accepts shorter-wal || pgdata_refuse "$UNREACHABLE" "$WHY$WAYS$short"
		lost=". Lost, and accepted by STARTUP_ACCEPT=shorter-wal: what is on the timeline ${newest%% *}: $WHY"
	fi
	replay_restore "$BUILD" --type=standby "${from[@]}" || pgdata_refuse $? "$WHY$WAYS"
	if [[ -n "$lost" ]]; then
		replay_mark_shorter "$BUILD" || pgdata_refuse "$NO_SPACE" "cannot write to $BUILD"
	else
		replay_pin "${newest%% *}"
	fi
	regain_open
	replay_follow "$known" || regain_shorter $? "$short"
	# By the last commit, not by the canary: that may be a minute old, and a set younger than that is no reason to lose what came after it.
	if regain_set_is_newer "$REPLAYED"; then
		server_stop_now
		WAYS=""
		return 1
	fi
	replay_end || pgdata_refuse $? "$WHY$WAYS"
	[[ -n "$lost" ]] || replay_require_branch "$BUILD" "${newest%% *}" || regain_shorter $? "$short"
	pgdata_put_in_place "restored from the archive (repository $REPOSITORY), up to the last commit of ${REPLAYED:-a time that is unknown}$lost"
	regain_leave_behind
}

# A server on what was restored.
regain_open() {
	replay_guard "$BUILD"
	pgdata_open "$BUILD" "${REPLAY_OPTIONS[@]}"
	replay_unguard
}

# usage: regain_set_is_newer TIME   0 where that is known, and the newest set was taken after it. By when it was taken, not by its name, which may
# follow one of a clock that was wrong; one that was taken while that was so says nothing.
regain_set_is_newer() {
	local candidates set started

	[[ -n "$1" ]] || return 1
	candidates="$(recover_candidates)"
	for set in $candidates; do
		set_read "$BACKUP_ROOT/$set" || continue
		json_text started "${MANIFEST[started]}"
		if (($(epoch "$started") > $(date -u +%s))); then
			log "warning: the backup $set was taken in the future ($started), and is not taken before the archive"
			continue
		fi
		(($(epoch "$started") > $(epoch "$1"))) || return 1
		log "warning: the last commit in the archive is of $1, and the backup $set was taken later: that is taken"
		return 0
	done
	return 1
}

# usage: regain_shorter STATUS WAY   What is known to exist was not reached.
regain_shorter() {
	(($1 == BROKEN)) && pgdata_accepts shorter-wal ||
		pgdata_refuse "$1" "$WHY$WAYS$2"
	lost+=". Lost, and accepted by STARTUP_ACCEPT=shorter-wal: $WHY"
	replay_mark_shorter "$BUILD" || pgdata_refuse "$NO_SPACE" "cannot write to $BUILD"
}

# usage: regain_moment   The whole server, as it was at STARTUP_TO_TIME; no set is newer than that.
regain_moment() {
	local MOMENT TIMELINE

	REPOSITORY="${REPOSITORY:-$OLDER}"
	[[ -n "$REPOSITORY" ]] || pgdata_refuse "$REFUSED" "the archive has no backup yet: nothing can be restored to a moment$WAYS"
	moment_check time "$STARTUP_TO_TIME" || pgdata_refuse $? "STARTUP_TO_TIME: $WHY. Nothing was put in place."
	log "restoring from the archive (repository $REPOSITORY), as it was at $STARTUP_TO_TIME"
	moment_backups time "$MOMENT" || pgdata_refuse $? "$WHY$WAYS"
	replay_restore "$BUILD" --set="$(moment_backup)" --type=time --target="$MOMENT" --target-action=promote || pgdata_refuse $? "$WHY$WAYS"
	replay_pin "$TIMELINE"
	regain_open
	moment_await "$BUILD" || pgdata_refuse $? "$WHY$WAYS"
	replay_end || pgdata_refuse $? "$WHY$WAYS"
	replay_mark_shorter "$BUILD" || pgdata_refuse "$NO_SPACE" "cannot write to $BUILD"
	pgdata_put_in_place "restored from the archive (repository $REPOSITORY), as it was at $STARTUP_TO_TIME (STARTUP_TO_TIME)"
	regain_leave_behind
}

# What the archive has beyond the server that was put in place.
regain_leave_behind() { replay_leave_behind "$PGDATA" || pgdata_refuse "$NO_SPACE" "cannot write to $ARCHIVE"; }

# With the archive off nobody reads from its slot, and the server would keep its WAL for it until the disk is full.
regain_drop_slot() {
	psql_run "$CONTROL" -c "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '$SLOT'" >/dev/null ||
		pgdata_refuse "$UNREACHABLE" "cannot drop the slot $SLOT, which keeps WAL for an archive that is off"
}
