# Start-up with a store: builds the data directory from the newest set whose files are whole. And the second half of an
# upgrade: the last set that last-set.sh took of the old data becomes the new data directory; the old one goes only after
# the new one is complete, equal and on disk.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# usage: recover_candidates   Names to try, newest first: STARTUP_SET alone, or all of this store, flagged or not. One of a newer
# format is among them: it is whole, and an older one would lose what was written since.
recover_candidates() {
	local names name status

	if [[ -n "$STARTUP_SET" ]]; then
		printf '%s\n' "$STARTUP_SET"
		return
	fi
	names="$(sets_directories | sort -r)" || return $?
	for name in $names; do
		status=0
		set_read_own "$BACKUP_ROOT/$name" || status=$?
		if ((status == BROKEN)); then log "warning: $name does not count and is left alone: $WHY"; else printf '%s\n' "$name"; fi
	done
}

# usage: recover_has_any_set   0 if the store has or had sets, whatever their state: then the database must not come up empty. Else 1.
recover_has_any_set() {
	local names

	names="$(sets_all && echo end)" && [[ "$names" == *end ]] ||
		pgdata_refuse "$UNREACHABLE" "the sets in $BACKUP_ROOT cannot be listed"
	[[ "$names" != end || -L "$BACKUP_ROOT/latest" ]] || return 1
}

# usage: recover_try SET   Builds a cluster with the set in it. Status 0, or 65 with WHY if its files are not what was written.
# Anything else ends the script: the newest set is taken or none.
recover_try() {
	local directory="$BACKUP_ROOT/$1" status=0 flag

	CURRENT="its files"
	set_read "$directory" || status=$?
	((status != REFUSED)) || pgdata_refuse "$REFUSED" "the newest backup $1 cannot be read here: $WHY"
	((status == 0)) || return 65
	set_hold "$directory" || status=$?
	((status == 0 || status == 65)) || pgdata_refuse "$BUSY" "$1 is being removed or changed; it is tried again at the next start"
	if ((status != 0)); then
		WHY="it has no SHA256SUMS"
		return 65
	fi
	set_check_sums "$directory" || return 65
	set_open "$directory" || pgdata_refuse "$?" "the backup $1 cannot be opened: $WHY. $(recover_ways)"
	step sums-checked
	log "restoring $1 from the backup store"
	if [[ "${MANIFEST[flagged]:-null}" != null ]]; then
		json_text flag "${MANIFEST[flagged]}"
		log "warning: $1 is flagged: $flag. It is taken all the same, as the newest there is"
	fi
	SECONDS=0
	pgdata_make
	pgdata_open "$BUILD" -c archive_mode=off
	load_require_versions
	load_all_fresh "$directory" || status=$?
	RESTORED=$SECONDS
	((status == 0)) || pgdata_refuse "$status" "the backup $1 is whole, but it does not come back equal here: $CURRENT: $WHY. $(recover_ways)"
	recover_require_strict "$1"
}

# usage: recover_ways   What a person can do where a whole set does not come back.
recover_ways() {
	[[ -n "$UPGRADING" ]] || echo "No older one is taken instead, and it is tried again at the next start." \
		"Ways on: see to what is named and start again (an image with what is lacking, more room), or name another: STARTUP_SET=backup_..."
	[[ -z "$UPGRADING" ]] || echo "It is tried again at the next start. Ways on: see to what is named, with the image of PostgreSQL $UPGRADING"
}

# usage: recover_require_strict SET   Says what came back otherwise; ends with 78 where STARTUP_STRICT does not allow it.
recover_require_strict() {
	FOUND="$(load_found)"
	[[ -n "$FOUND" ]] || return 0
	FOUND=". Not everything else came back as it was: $FOUND"
	[[ "${STARTUP_STRICT:-}" != 1 ]] || pgdata_refuse "$REFUSED" "the backup $1 has all rows$FOUND. STARTUP_STRICT=1 does not allow that"
	log "warning: the backup $1 has all rows$FOUND"
}

# usage: recover_set_aside SET WHY
recover_set_aside() {
	if [[ -n "$STARTUP_SET" ]]; then
		log "$1 was asked for by name and stays where it is"
	elif [[ -w "$BACKUP_ROOT" ]]; then
		verdict_set_aside "$1" "$2" "${0##*/}"
	else
		log "warning: $1 stays where it is, the backup store is read-only"
	fi
}

# usage: recover_newest   The newest set; an older one only where the files of the newer ones are damaged.
recover_newest() {
	local names name newest="" lost="" RESTORED=0 CURRENT="" FOUND=""

	names="$(recover_candidates)"
	for name in $names; do
		newest="${newest:-$name}"
		if recover_try "$name"; then
			[[ "$name" == "$newest" ]] || lost=". Newer backups were broken: what changed in the $(recover_span "$name" "$newest") until $newest is lost"
			lost+="$(recover_passed_over "$name")"
			recover_finish "$name" "$FOUND$lost"
			return 0
		fi
		! tmpdir_is_full || pgdata_refuse "$NO_SPACE" "the restore of $name stopped at $CURRENT: ${WHY:-nothing could be written}"
		log "error: the backup $name cannot be restored: $CURRENT: $WHY"
		set_release
		recover_set_aside "$name" "$CURRENT: $WHY"
		step walked-back
	done
	rm -rf -- "$BUILD"
	recover_none_good
}

# usage: recover_passed_over SET   Newer ones, of whatever state: the journal must not suggest that this was the newest.
recover_passed_over() {
	local names

	names="$(sets_all | sort | awk -v name="$1" '$0 > name' | tr '\n' ' ')"
	[[ -z "$names" ]] || printf '. Newer backups were not taken, as they are damaged, set aside in failed/, or another was asked for: %s(to take one: STARTUP_SET=...)' "$names"
}

# usage: recover_span OLDER NEWER   The time between two sets.
recover_span() {
	local seconds

	seconds=$(($(epoch "$2") - $(epoch "$1")))
	printf '%d h %02d min %02d s' "$((seconds / 3600))" "$((seconds / 60 % 60))" "$((seconds % 60))"
}

# usage: recover_finish SET LOST
recover_finish() {
	local started names

	json_text started "${MANIFEST[started]}"
	names="$(awk -F '\t' '$1 ~ /^server_settings\.[0-9]+\.name$/ { gsub(/"/, "", $2); print $2 }' "$MANIFEST_FLAT" | paste -s -d ' ' -)"
	[[ -z "$names" ]] || set -- "$1" "$2. ALTER SYSTEM is to be repeated for: $names (values: server_settings in the manifest of $1)"
	pgdata_put_in_place "restored from backup $1 of $started, equal to its manifest$2"
	recover_record_verified "$1"
}

# usage: recover_record_verified SET   The restore was a verification; a store that cannot be written does without the note.
recover_record_verified() {
	if grep -q '^differs' "$WORK/findings"; then return 0; fi
	if [[ -w "$BACKUP_ROOT" ]] && ! set_is_verified "$BACKUP_ROOT/$1"; then
		verdict_good "$1" "$RESTORED" "$SECONDS" 0 "not given" prepare-data.sh >"$WORK/verdict"
	fi
}

# usage: recover_none_good   Sets there are, but none that can be restored.
recover_none_good() {
	local names

	if pgdata_accepts fresh-start; then
		recover_start_fresh "no good backup in the store $STORE, accepted by STARTUP_ACCEPT=fresh-start"
		return 0
	fi
	names="$(sets_all | sort -r | head -n 5 | tr '\n' ' ')"
	pgdata_refuse "$BROKEN" "the backup store $BACKUP_ROOT has sets, but none whose files are whole (or set aside in failed/ and to be moved back from there), newest first: $names:" \
		"the database stays down. Look with list.sh, then name one: STARTUP_SET=backup_..., or accept an empty database: STARTUP_ACCEPT=fresh-start"
}

# The old major version, as long as its data is what counts.
UPGRADING=""

# At exit: said as long as the old data is what lies there.
recover_say_old_data_stays() {
	[[ -n "$UPGRADING" && "$(cat -- "$PGDATA/PG_VERSION" 2>/dev/null)" == "$UPGRADING" ]] || return 0
	log "The data directory of PostgreSQL $UPGRADING is untouched. To go on with it: pulumi config set --path" \
		"postgres.image with an image of PostgreSQL $UPGRADING, pulumi config rm --path postgres.upgradeFrom, pulumi up"
}

# usage: recover_finish_swap   After a kill: new data in place, of a version that can go on with it, means that the old may go;
# else the old goes back to its place and the upgrade begins anew.
recover_finish_swap() {
	local major image

	[[ -e "$OLD" ]] || return 0
	if pgdata_is_complete; then
		major="$(pgdata_major)"
		image="$(tool_major postgres)"
		((major <= image)) || recover_refuse_newer "$major" "$image"
		recover_drop_old
		return 0
	fi
	[[ ! -e "$PGDATA" ]] || rmdir -- "$PGDATA" || pgdata_refuse "$REFUSED" "$OLD is the data before an upgrade, but $PGDATA is there and not complete: move one of the two away"
	log "an upgrade was cut off: putting the old data back to $PGDATA"
	mv -- "$OLD" "$PGDATA" || pgdata_refuse "$NO_SPACE" "cannot rename $OLD to $PGDATA"
	make_durable "$(dirname -- "$PGDATA")"
	step put-back
}

# usage: recover_drop_old   What an upgrade has replaced.
recover_drop_old() {
	log "removing $OLD, the data from before the upgrade"
	rm -rf -- "$OLD" || pgdata_refuse "$NO_SPACE" "cannot remove $OLD"
	step old-removed
}

# usage: recover_refuse_newer DATA IMAGE   Majors.
recover_refuse_newer() {
	pgdata_refuse "$REFUSED" "the data directory is of PostgreSQL $1, this image is PostgreSQL $2 and cannot read it." \
		"Set an image of PostgreSQL $1: pulumi config set --path postgres.image. The way back to a set of PostgreSQL $2: docs/upgrade.md. Nothing was touched."
}

# usage: recover_keep_settings   The server's own files are part of no set: those of before are kept, and what ALTER SYSTEM has
# set is named.
recover_keep_settings() {
	local file="$PGDATA/postgresql.auto.conf" names name

	SETTINGS=""
	for name in postgresql.conf pg_hba.conf pg_ident.conf; do
		[[ ! -f "$PGDATA/$name" ]] || cp -- "$PGDATA/$name" "$BUILD/$name.$UPGRADING" || pgdata_refuse "$NO_SPACE" "cannot write to $BUILD"
	done
	[[ -f "$file" ]] || return 0
	names="$(awk -F '[ =]' '!/^#/ && NF { print $1 }' "$file" | paste -s -d ' ' -)"
	[[ -n "$names" ]] || return 0
	cp -- "$file" "$BUILD/postgresql.auto.conf.$UPGRADING" || pgdata_refuse "$NO_SPACE" "cannot write to $BUILD"
	SETTINGS=". ALTER SYSTEM is to be repeated for: $names (see $PGDATA/postgresql.auto.conf.$UPGRADING)"
}

# usage: recover_upgrade DATA IMAGE   From one major to a newer one, by way of the last set. No other set will do: an older one
# would lose what was written since.
recover_upgrade() {
	local RESTORED=0 CURRENT="" SETTINGS="" FOUND="" known

	UPGRADING="$1"
	pgdata_read_last_set || pgdata_refuse "$REFUSED" "the data directory is of PostgreSQL $1, this image is PostgreSQL $2, and $WHY." \
		"To upgrade: pulumi config set --path postgres.upgradeFrom with the image of PostgreSQL $1, pulumi up"
	known="$(pgdata_control_sum)"
	store_require
	store_lock
	CURRENT="the set"
	if ! pgdata_check_last_set || ! recover_try "$LAST_SET"; then
		pgdata_refuse "$BROKEN" "the last set $LAST_SET cannot be restored: $CURRENT: $WHY. With postgres.upgradeFrom set, the next pulumi up takes another"
	fi
	recover_keep_settings
	[[ "$known" == "$(pgdata_control_sum)" ]] || pgdata_refuse "$REFUSED" "a server was started on $PGDATA meanwhile: is another pod at work on this volume?"
	pgdata_put_in_place "upgraded from PostgreSQL $1 to $2 by way of the set $LAST_SET, equal to its manifest$FOUND$SETTINGS"
	UPGRADING=""
	recover_record_verified "$LAST_SET"
	recover_drop_old
	rm -f -- "$LAST"
}

# usage: recover_start_fresh WHY
recover_start_fresh() {
	log "$1: starting fresh"
	pgdata_make
	pgdata_open "$BUILD" -c archive_mode=off
	pgdata_put_in_place "$1: started fresh, no restore"
}
