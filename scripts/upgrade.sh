#!/usr/bin/env bash
# The second half of an upgrade: the last set that last-set.sh took of the old data becomes the new data directory. The
# old one goes only after the new one is complete, equal and on disk. Sourced by prepare-data.sh, never run.
[[ -z "${UPGRADE_SH_READ:-}" ]] || return 0
UPGRADE_SH_READ=1

# shellcheck source=recover.sh
source "${BASH_SOURCE[0]%/*}/recover.sh"

# The old major version, as long as its data is what counts.
UPGRADING=""

# At exit: said as long as the old data is what lies there.
say_old_data_stays() {
	[[ -n "$UPGRADING" && "$(cat -- "$PGDATA/PG_VERSION" 2>/dev/null)" == "$UPGRADING" ]] || return 0
	log "The data directory of PostgreSQL $UPGRADING is untouched. To go on with it: pulumi config set" \
		"postgres.image with an image of PostgreSQL $UPGRADING, pulumi config rm postgres.upgradeFrom, pulumi up"
}

# usage: finish_swap   After a kill: new data in place, of a version that can go on with it, means that the old may go;
# else the old goes back to its place and the upgrade begins anew.
finish_swap() {
	local major image

	[[ -e "$OLD" ]] || return 0
	if is_complete; then
		major="$(data_major)"
		image="$(tool_major postgres)"
		((major <= image)) || refuse_newer "$major" "$image"
		drop_old
		return 0
	fi
	[[ ! -e "$PGDATA" ]] || rmdir -- "$PGDATA" || refuse "$REFUSED" "$OLD is the data before an upgrade, but $PGDATA is there and not complete: move one of the two away"
	log "an upgrade was cut off: putting the old data back to $PGDATA"
	mv -- "$OLD" "$PGDATA" || refuse "$NO_SPACE" "cannot rename $OLD to $PGDATA"
	make_durable "$(dirname -- "$PGDATA")"
	step put-back
}

# usage: drop_old   What an upgrade has replaced.
drop_old() {
	log "removing $OLD, the data of before the upgrade"
	rm -rf -- "$OLD" || refuse "$NO_SPACE" "cannot remove $OLD"
	step old-removed
}

# usage: refuse_newer DATA IMAGE   Majors.
refuse_newer() {
	refuse "$REFUSED" "the data directory is of PostgreSQL $1, this image is PostgreSQL $2 and cannot read it." \
		"Set an image of PostgreSQL $1: pulumi config set postgres.image. The way back to a set of PostgreSQL $2: docs/upgrade.md. Nothing was touched."
}

# usage: keep_settings   The server's own files are part of no set: those of before are kept, and what ALTER SYSTEM has
# set is named.
keep_settings() {
	local file="$PGDATA/postgresql.auto.conf" names name

	SETTINGS=""
	for name in postgresql.conf pg_hba.conf pg_ident.conf; do
		[[ ! -f "$PGDATA/$name" ]] || cp -- "$PGDATA/$name" "$BUILD/$name.$UPGRADING" || refuse "$NO_SPACE" "cannot write to $BUILD"
	done
	[[ -f "$file" ]] || return 0
	names="$(awk -F '[ =]' '!/^#/ && NF { print $1 }' "$file" | paste -s -d ' ' -)"
	[[ -n "$names" ]] || return 0
	cp -- "$file" "$BUILD/postgresql.auto.conf.$UPGRADING" || refuse "$NO_SPACE" "cannot write to $BUILD"
	SETTINGS=". ALTER SYSTEM is to be repeated for: $names (see $PGDATA/postgresql.auto.conf.$UPGRADING)"
}

# usage: upgrade DATA IMAGE   From one major to a newer one, by way of the last set. No other set will do: an older one
# would lose what was written since.
upgrade() {
	local RESTORED=0 CURRENT="" SETTINGS="" known

	UPGRADING="$1"
	read_last_set || refuse "$REFUSED" "the data directory is of PostgreSQL $1, this image is PostgreSQL $2, and $WHY." \
		"To upgrade: pulumi config set postgres.upgradeFrom with the image of PostgreSQL $1, pulumi up"
	known="$(control_sum)"
	require_store
	take_lock
	CURRENT="the set"
	if ! check_last_set || ! try_set "$LAST_SET"; then
		refuse "$BROKEN" "the last set $LAST_SET cannot be restored: $CURRENT: $WHY. With postgres.upgradeFrom set, the next pulumi up takes another"
	fi
	keep_settings
	[[ "$known" == "$(control_sum)" ]] || refuse "$REFUSED" "a server was started on $PGDATA meanwhile: is another pod at work on this volume?"
	put_in_place "upgraded from PostgreSQL $1 to $2 by way of the set $LAST_SET, equal to its manifest$SETTINGS"
	UPGRADING=""
	record_proof "$LAST_SET"
	drop_old
	rm -f -- "$LAST"
}
