# The data directory: which PostgreSQL made it, whether it is complete, which set holds all of it, and the journal of what
# was decided. And how one is made: built beside it in pgdata.init, put in place by one rename.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# An upgrade's old data, from the swap until the new is in place. A name that nobody gives a copy of his own.
OLD="$(dirname -- "$PGDATA")/.brewget-before-upgrade"
# One line: a set, the system identifier, the sum of pg_control. It says that nothing was written since that set.
LAST="$(dirname -- "$PGDATA")/last-set"
LAST_SET=""
LAST_SYSTEM=""
read_text SQL_OTHER_LIBC sql/other_libc.sql
STARTUP_ACCEPT="${STARTUP_ACCEPT:-}"
# Ends the sentence of a refusal where there is another way to the data.
WAYS=""
# What a restore from an archive has put among the settings of ALTER SYSTEM.
OF_A_RESTORE='^(restore_command|recovery_[a-z_]*|archive_mode) ='

# usage: pgdata_decide MESSAGE...   One line to the log and to the journal, for those who ask later.
pgdata_decide() {
	log "$*"
	printf '%s %s\n' "$(utc)" "$*" >>"$JOURNAL" || die "$NO_SPACE" "cannot write $JOURNAL"
}

# usage: pgdata_refuse STATUS MESSAGE...
pgdata_refuse() {
	local status="$1"

	shift
	# A journal that cannot be written must not hide the reason.
	printf '%s refused: %s\n' "$(utc)" "$*" >>"$JOURNAL" 2>/dev/null || log "warning: $JOURNAL cannot be written"
	die "$status" "$*"
}

# usage: pgdata_accepts WORD   0 if STARTUP_ACCEPT has it, else 1.
pgdata_accepts() { [[ " ${STARTUP_ACCEPT//[$'\n\t']/ } " == *" $1 "* ]]; }

# usage: pgdata_is_complete   0 if the data directory is there and was finished by us, else 1.
pgdata_is_complete() { [[ -s "$PGDATA/PG_VERSION" && -f "$PGDATA/$MARK" ]]; }

# usage: pgdata_major   The major version that made the data directory.
pgdata_major() {
	local text

	text="$(cat -- "$PGDATA/PG_VERSION")"
	[[ "$text" =~ ^([0-9]+)$ ]] || pgdata_refuse "$REFUSED" "$PGDATA/PG_VERSION says '$text', not a version"
	printf '%s\n' "${BASH_REMATCH[1]}"
}

# usage: pgdata_control_sum   Of the file that a server changes whenever it starts, works or stops.
pgdata_control_sum() { sum_of "$PGDATA/global/pg_control"; }

# usage: pgdata_write_last_set SET SYSTEM_IDENTIFIER   The server on the data has stopped: all of it is in SET.
pgdata_write_last_set() {
	local sum

	sum="$(pgdata_control_sum)"
	printf '%s\t%s\t%s\n' "$1" "$2" "$sum" >"$LAST.new" || pgdata_refuse "$NO_SPACE" "cannot write $LAST.new"
	make_durable "$LAST.new"
	mv -- "$LAST.new" "$LAST" || pgdata_refuse "$NO_SPACE" "cannot write $LAST"
	make_durable "$(dirname -- "$LAST")"
}

# usage: pgdata_read_last_set   Sets LAST_SET and LAST_SYSTEM. Status 1 with WHY if there is no set that holds all of the data.
# Bound to pg_control: a server that is started on the data makes the mark void, with or without us.
pgdata_read_last_set() {
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
	now="$(pgdata_control_sum)" || return 1
	if [[ "$sum" != "$now" ]]; then
		WHY="a server has run on it since its last set $LAST_SET was taken"
		return 1
	fi
}

# usage: pgdata_check_last_set   65 with WHY unless the set that pgdata_read_last_set found is here and of this very data.
pgdata_check_last_set() {
	set_read "$BACKUP_ROOT/$LAST_SET" || return 65
	if [[ "${MANIFEST[store]:-}" != "\"$STORE\"" || "${MANIFEST["server.system_identifier"]:-}" != "\"$LAST_SYSTEM\"" ]]; then
		WHY="it is of another server or store"
		return 65
	fi
}

# For data that is in use: what is not archived yet stays, for the real server to archive. With archive_mode=off the next
# checkpoint would remove it.
ARCHIVE_LATER=(-c archive_command=)

# usage: pgdata_open DIRECTORY [POSTGRES OPTION...]   Starts our server on it, as the superuser.
pgdata_open() {
	export PGUSER="${POSTGRES_USER:-postgres}"
	if [[ -n "${POSTGRES_PASSWORD_FILE:-}" ]]; then
		psql_write_pgpass "$WORK/pgpass" "$POSTGRES_PASSWORD_FILE"
		export PGPASSFILE="$WORK/pgpass"
	fi
	server_stop_orphan "$1" || pgdata_refuse "$REFUSED" "a server is already running on $1; the restore or start has to wait for its end"
	server_start "$@" || pgdata_open_without_settings "$@"
	step server
}

# usage: pgdata_open_without_settings DIRECTORY [POSTGRES OPTION...]   The same once the server has not started: without what
# ALTER SYSTEM has set, if that is accepted. Nobody can take a setting back where no server runs.
pgdata_open_without_settings() {
	local settings="$1/postgresql.auto.conf" said aside

	said="$(server_said)"
	grep -v -E "$OF_A_RESTORE" "$settings" 2>/dev/null | grep -q '^[^#]' || pgdata_refuse "$UNREACHABLE" "the server does not start on $1: $said$WAYS"
	pgdata_accepts server-settings || pgdata_refuse "$UNREACHABLE" "the server does not start on $1: $said." \
		"If a setting of ALTER SYSTEM keeps it down: STARTUP_ACCEPT=server-settings sets $settings aside$WAYS"
	aside="$(utc)"
	aside="$settings.${aside//[:-]/}"
	mv -- "$settings" "$aside" || pgdata_refuse "$NO_SPACE" "cannot rename $settings to $aside"
	! grep -E "$OF_A_RESTORE" "$aside" >"$settings" || make_durable "$settings"
	: >"$WORK/server.log" # what is said next is about the next start
	if ! server_start "$@"; then
		mv -- "$aside" "$settings" || pgdata_refuse "$NO_SPACE" "cannot rename $aside back to $settings"
		pgdata_refuse "$UNREACHABLE" "the server does not start on $1, and without $settings neither; that is back in its place: $(server_said)"
	fi
	make_durable "$1"
	pgdata_decide "set $settings aside as $aside (STARTUP_ACCEPT=server-settings), for with it the server did not start: $said"
}

# usage: pgdata_name_other_libc   A warning where another C library or ICU has sorted what lies here: indexes may be out of order.
pgdata_name_other_libc() {
	local found

	found="$(psql_run "$CONTROL" <<<"$SQL_OTHER_LIBC")" || pgdata_refuse "$UNREACHABLE" "cannot read the versions of the databases' collations"
	[[ -z "$found" ]] || log "warning: another C library or ICU has sorted the texts of $found. Indexes on them may miss rows or let duplicates in." \
		"In each: REINDEX DATABASE; ALTER DATABASE ... REFRESH COLLATION VERSION"
}

# usage: pgdata_complete_roles   The application's databases and the Secret's passwords, on whatever was kept, restored or made.
pgdata_complete_roles() {
	roles_ensure_databases 2>"$WORK/roles.err" || pgdata_refuse "$UNREACHABLE" "cannot create the databases: $(tail -n 1 "$WORK/roles.err")"
	roles_apply_passwords 2>"$WORK/roles.err" || pgdata_refuse "$UNREACHABLE" "cannot set the passwords: $(tail -n 1 "$WORK/roles.err")"
}

# usage: pgdata_mark DIRECTORY WHY
pgdata_mark() {
	printf '%s %s\n' "$(utc)" "$2" >"$1/$MARK" || pgdata_refuse "$NO_SPACE" "cannot write $1/$MARK"
	make_durable "$1/$MARK" "$1"
}

# usage: pgdata_make   A new cluster in BUILD, by the official image's own program where it is at hand.
pgdata_make() {
	local size major arguments="${POSTGRES_INITDB_ARGS:-}"

	rm -rf -- "$BUILD"
	step build
	major="$(tool_major initdb)"
	# Huge pages as in server_start. Versions before 16 cannot be told.
	((major < 16)) || [[ -n "${POSTGRES_INITDB_ARGS_FILE:-}" ]] || arguments="--set huge_pages=off $arguments"
	# BREWGET_PREPARING: our script in /docker-entrypoint-initdb.d leaves the work to us.
	# PG* variables are for clients of a running server; the entrypoint's temporary one has its own socket.
	if command -v docker-ensure-initdb.sh >/dev/null; then
		PGDATA="$BUILD" BREWGET_PREPARING=1 POSTGRES_INITDB_ARGS="$arguments" env -u PGHOST -u PGHOSTADDR -u PGUSER -u PGDATABASE -u PGPASSFILE \
			-u PGOPTIONS -u PGCLIENTENCODING -u LC_ALL ${CALLERS_LC_ALL:+"LC_ALL=$CALLERS_LC_ALL"} \
			docker-ensure-initdb.sh postgres -c huge_pages=off 7>&- 8>&- 9>&- >"$WORK/initdb.out" 2>&1
	else
		pgdata_plain_initdb "$arguments"
	fi || server_initdb_failed pgdata_refuse "cannot make a data directory"
	size="$(stat -c %s -- "$BUILD/PG_VERSION")"
	((size > 0)) || pgdata_refuse "$NO_SPACE" "initdb left no PG_VERSION in $BUILD"
	# What initdb is told it writes down for good, and this was for here and now.
	[[ "${POSTGRES_INITDB_ARGS:-}" == *huge_pages* ]] || sed -i 's/^huge_pages = off/#huge_pages = try/' "$BUILD/postgresql.conf"
	step initialised
}

# usage: pgdata_plain_initdb ARGUMENTS   The same without the image's program: on a machine of one's own.
pgdata_plain_initdb() {
	local options=(--username="${POSTGRES_USER:-postgres}" --auth-host=scram-sha-256 --auth-local=trust)

	[[ -z "${POSTGRES_PASSWORD_FILE:-}" ]] || options+=(--pwfile="$POSTGRES_PASSWORD_FILE")
	# shellcheck disable=SC2086 # a list of words
	LC_ALL="$CALLERS_LC_ALL" initdb -D "$BUILD" "${options[@]}" $1 >"$WORK/initdb.out" 2>&1 || return $?
	echo 'host all all all scram-sha-256' >>"$BUILD/pg_hba.conf"
}

# usage: pgdata_put_in_place WHY   The rename that makes it the data directory. Everything is on disk before. The data of an
# older PostgreSQL makes room; a kill between the two renames puts it back (recover_finish_swap).
pgdata_put_in_place() {
	pgdata_complete_roles
	server_stop || pgdata_refuse "$UNREACHABLE" "the server on $BUILD does not stop: $(server_said)"
	pgdata_mark "$BUILD" "$1"
	step marked
	initdb --sync-only -D "$BUILD" >"$WORK/initdb.out" 2>&1 || pgdata_refuse "$NO_SPACE" "cannot write $BUILD to disk: $(tail -n 1 "$WORK/initdb.out")"
	step synced
	if [[ -e "$PGDATA" ]]; then
		[[ -n "${UPGRADING:-}" ]] || pgdata_refuse "$REFUSED" "$PGDATA was not there before: is another pod at work on this volume?"
		mv -- "$PGDATA" "$OLD" || pgdata_refuse "$NO_SPACE" "cannot rename $PGDATA to $OLD"
		make_durable "$(dirname -- "$PGDATA")"
		step old-aside
	fi
	mv -- "$BUILD" "$PGDATA" || pgdata_refuse "$NO_SPACE" "cannot rename $BUILD to $PGDATA"
	make_durable "$(dirname -- "$PGDATA")"
	step in-place
	pgdata_decide "$1"
}

# usage: pgdata_clear_build   What a killed start left is worth nothing.
pgdata_clear_build() {
	[[ -e "$BUILD" ]] || return 0
	server_stop_orphan "$BUILD" || pgdata_refuse "$REFUSED" "a server is running on $BUILD"
	log "removing $BUILD, left over from an unfinished start or restore"
	rm -rf -- "$BUILD" || pgdata_refuse "$NO_SPACE" "cannot remove $BUILD"
	step build-cleared
}
