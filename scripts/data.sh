#!/usr/bin/env bash
# The data directory as it lies there, without a server on it: where it is, which PostgreSQL made it, whether it is
# complete, which set holds all of it; and the journal of what was decided. Sourced by prepare-data.sh and last-set.sh.
[[ -z "${DATA_SH_READ:-}" ]] || return 0
DATA_SH_READ=1

# shellcheck source=sets.sh
source "${BASH_SOURCE[0]%/*}/sets.sh"

PGDATA="${PGDATA:-/var/lib/postgresql/data/pgdata}"
BUILD="$(dirname -- "$PGDATA")/pgdata.init"
# An upgrade's old data, from the swap until the new is in place. A name that nobody gives a copy of his own.
OLD="$(dirname -- "$PGDATA")/.brewget-before-upgrade"
JOURNAL="$(dirname -- "$PGDATA")/startup.log"
MARK=.brewget-complete
# One line: a set, the system identifier, the sum of pg_control. It says that nothing was written since that set.
LAST="$(dirname -- "$PGDATA")/last-set"
LAST_SET=""
LAST_SYSTEM=""
STARTUP_ACCEPT="${STARTUP_ACCEPT:-}"

# usage: decide MESSAGE...   One line to the log and to the journal, for those who ask later.
decide() {
	log "$*"
	printf '%s %s\n' "$(utc)" "$*" >>"$JOURNAL" || die "$NO_SPACE" "cannot write $JOURNAL"
}

# usage: refuse STATUS MESSAGE...
refuse() {
	local status="$1"

	shift
	# A journal that cannot be written must not hide the reason.
	printf '%s refused: %s\n' "$(utc)" "$*" >>"$JOURNAL" 2>/dev/null || log "warning: $JOURNAL cannot be written"
	die "$status" "$*"
}

# usage: accepts WORD   0 if STARTUP_ACCEPT has it, else 1.
accepts() { [[ " ${STARTUP_ACCEPT//[$'\n\t']/ } " == *" $1 "* ]]; }

# usage: is_complete   0 if the data directory is there and was finished by us, else 1.
is_complete() { [[ -s "$PGDATA/PG_VERSION" && -f "$PGDATA/$MARK" ]]; }

# usage: data_major   The major version that made the data directory.
data_major() {
	local text

	text="$(cat -- "$PGDATA/PG_VERSION")"
	[[ "$text" =~ ^([0-9]+)(\.[0-9]+)?$ ]] || refuse "$REFUSED" "$PGDATA/PG_VERSION says '$text', which is no version"
	printf '%s\n' "${BASH_REMATCH[1]}"
}

# usage: control_sum   Of the file that a server changes whenever it starts, works or stops.
control_sum() { sum_of "$PGDATA/global/pg_control"; }

# usage: write_last_set SET SYSTEM_IDENTIFIER   The server on the data has stopped: all of it is in SET.
write_last_set() {
	local sum

	sum="$(control_sum)"
	printf '%s\t%s\t%s\n' "$1" "$2" "$sum" >"$LAST.new" || refuse "$NO_SPACE" "cannot write $LAST.new"
	make_durable "$LAST.new"
	mv -- "$LAST.new" "$LAST" || refuse "$NO_SPACE" "cannot write $LAST"
	make_durable "$(dirname -- "$LAST")"
}

# usage: read_last_set   Sets LAST_SET and LAST_SYSTEM. Status 1 with WHY if there is no set that holds all of the data.
# Bound to pg_control: whoever starts a server on the data makes the mark void, whether or not he knows of it.
read_last_set() {
	local sum="" now

	LAST_SET="" LAST_SYSTEM=""
	if [[ ! -f "$LAST" ]]; then
		WHY="no last set of it was taken"
		return 1
	fi
	IFS=$'\t' read -r LAST_SET LAST_SYSTEM sum <"$LAST" || sum=""
	if [[ ! "$LAST_SET" =~ $SET_NAME || ! "$LAST_SYSTEM" =~ ^[0-9]+$ || -z "$sum" ]]; then
		WHY="the mark of its last set, $LAST, is damaged"
		return 1
	fi
	now="$(control_sum)" || return 1
	if [[ "$sum" != "$now" ]]; then
		WHY="a server has run on it since its last set $LAST_SET was taken"
		return 1
	fi
}

# usage: check_last_set   65 with WHY unless the set that read_last_set found is here and of this very data.
check_last_set() {
	read_manifest "$BACKUP_ROOT/$LAST_SET" || return 65
	if [[ "${MANIFEST[store]:-}" != "\"$STORE\"" || "${MANIFEST["server.system_identifier"]:-}" != "\"$LAST_SYSTEM\"" ]]; then
		WHY="it is of another server or store"
		return 65
	fi
}
