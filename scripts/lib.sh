#!/usr/bin/env bash
# What every script here shares: strict mode, log, die, settings, the psql wrapper.
# Sourced, never run. It reads the environment and changes nothing but a private directory in TMPDIR.
#
# Needs bash, the PostgreSQL client tools, zstd or gzip, and what busybox and GNU have in common.

# Each script that is itself sourced by another is read once only.
[[ -z "${LIB_SH_READ:-}" ]] || return 0
LIB_SH_READ=1

set -Eeuo pipefail
shopt -s inherit_errexit
umask 077

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
# sort, awk and pattern matching go by bytes; initdb gets the caller's locale back (server.sh).
CALLERS_LC_ALL="${LC_ALL:-}"
export LC_ALL=C

# The exit statuses that are a contract with whoever calls.
readonly OK=0 USAGE=64 BROKEN=65 UNREACHABLE=69 UNEXPECTED=70 NO_SPACE=73 BUSY=75 REFUSED=78

BACKUP_ROOT="${BACKUP_ROOT:-/backup}"
BACKUP_KEEP="${BACKUP_KEEP:-10}"
BACKUP_KEEP_DAILY="${BACKUP_KEEP_DAILY:-0}"
BACKUP_KEEP_WEEKLY="${BACKUP_KEEP_WEEKLY:-0}"
BACKUP_KEEP_MONTHLY="${BACKUP_KEEP_MONTHLY:-0}"
BACKUP_FORMAT="${BACKUP_FORMAT:-plain}"
BACKUP_COMPRESSION="${BACKUP_COMPRESSION:-zstd}"
BACKUP_JOBS="${BACKUP_JOBS:-2}"
BACKUP_HASHES="${BACKUP_HASHES:-full}"
BACKUP_LOCK_WAIT="${BACKUP_LOCK_WAIT:-600}"
BACKUP_SERVER_WAIT="${BACKUP_SERVER_WAIT:-0}"
# 64 MiB: the store is never filled to the brim, so that verdicts and links can still be written.
BACKUP_MIN_FREE="${BACKUP_MIN_FREE:-67108864}"
BACKUP_ALLOW_VOLATILE="${BACKUP_ALLOW_VOLATILE:-}"
BACKUP_STORE_ID="${BACKUP_STORE_ID:-}"
BACKUP_DATABASES="${BACKUP_DATABASES:-}"

WORK=""
# The database from which others are looked at, created and renamed.
CONTROL=postgres
# Commands to run on the way out, newest first; each must be safe to run at any point.
ON_EXIT=()

# usage: log MESSAGE...    One line to stderr, UTC time first.
log() {
	local text="$*"

	# A name may hold a line break; an event stays one line.
	printf '%s %s\n' "$(utc)" "${text//[$'\n\r']/ }" >&2
}

# usage: die STATUS MESSAGE...
die() {
	local status="$1"

	shift
	log "error: $*"
	exit "$status"
}

# usage: step NAME
# Marks a point between two changes of state. Tests stop the script here.
step() {
	[[ -n "${BACKUP_STEP_HOOK:-}" ]] || return 0
	# The hook's own status says nothing about our work. It gets none of the lock descriptors:
	# a hook that outlives us would hold our locks.
	"$BACKUP_STEP_HOOK" "$1" 7>&- 8>&- 9>&- || return 0
}

# usage: at_exit COMMAND   (one word: a function's name)
at_exit() { ON_EXIT=("$1" "${ON_EXIT[@]}"); }

# Runs the clean-up and turns a status outside the contract into one within.
leave() {
	local status=$? command

	trap - EXIT ERR
	# From here on nothing stops us: every clean-up gets its turn.
	set +e
	for command in "${ON_EXIT[@]}"; do "$command"; done
	case $status in
	0 | 64 | 65 | 69 | 7[0358] | 129 | 130 | 143) ;;
	*) status=$UNEXPECTED ;;
	esac
	exit "$status"
}

# usage: begin   Each script's first call: private work directory, clean-up, checked settings.
begin() {
	trap leave EXIT
	trap 'log "error: ${BASH_SOURCE[0]##*/}: line $LINENO failed with status $?"' ERR
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	check_settings
	WORK="$(mktemp -d "${TMPDIR:-/tmp}/brewget.XXXXXX")" ||
		die "$NO_SPACE" "cannot make a directory in ${TMPDIR:-/tmp}"
	at_exit remove_work
	prepare_connection
}

remove_work() { rm -rf -- "$WORK"; }

# usage: require_number NAME VALUE LEAST
require_number() {
	[[ "$2" =~ ^(0|[1-9][0-9]{0,17})$ ]] && (($2 >= $3)) ||
		die "$USAGE" "$1='$2' makes no sense: a whole number from $3 is allowed. Nothing was changed."
}

# usage: check_settings   A senseless value is refused before anything is touched.
check_settings() {
	require_number BACKUP_KEEP "$BACKUP_KEEP" 1
	require_number BACKUP_KEEP_DAILY "$BACKUP_KEEP_DAILY" 0
	require_number BACKUP_KEEP_WEEKLY "$BACKUP_KEEP_WEEKLY" 0
	require_number BACKUP_KEEP_MONTHLY "$BACKUP_KEEP_MONTHLY" 0
	require_number BACKUP_JOBS "$BACKUP_JOBS" 1
	require_number BACKUP_LOCK_WAIT "$BACKUP_LOCK_WAIT" 0
	require_number BACKUP_SERVER_WAIT "$BACKUP_SERVER_WAIT" 0
	require_number BACKUP_MIN_FREE "$BACKUP_MIN_FREE" 0
	case "$BACKUP_FORMAT" in
	plain | directory) ;;
	*) die "$USAGE" "BACKUP_FORMAT='$BACKUP_FORMAT': plain and directory are allowed" ;;
	esac
	case "$BACKUP_HASHES" in
	full | rows) ;;
	*) die "$USAGE" "BACKUP_HASHES='$BACKUP_HASHES': full and rows are allowed" ;;
	esac
	[[ "$BACKUP_COMPRESSION" =~ ^(none|gzip(:[1-9])?|zstd(:([1-9]|1[0-9]|2[0-2]))?)$ ]] ||
		die "$USAGE" "BACKUP_COMPRESSION='$BACKUP_COMPRESSION': none, gzip[:1-9] and zstd[:1-22] are allowed"
	case "$BACKUP_ALLOW_VOLATILE" in
	'' | 0 | 1) ;;
	*) die "$USAGE" "BACKUP_ALLOW_VOLATILE='$BACKUP_ALLOW_VOLATILE': 0 and 1 are allowed" ;;
	esac
	[[ "$BACKUP_ROOT" == /* ]] || die "$USAGE" "BACKUP_ROOT='$BACKUP_ROOT': an absolute path is needed"
}

# usage: write_pgpass FILE PASSWORD_FILE   A password file for libpq out of a file with a bare password.
write_pgpass() {
	local password

	password="$(cat -- "$2")" || die "$UNREACHABLE" "cannot read the password file $2"
	password="${password//\\/\\\\}"
	printf '*:*:*:*:%s\n' "${password//:/\\:}" >"$1"
}

# usage: prepare_connection   libpq's own variables, and a private password file where one is asked for.
prepare_connection() {
	export PGCLIENTENCODING=UTF8 PGAPPNAME="${0##*/}" PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-30}"
	# What a database or role has set for its sessions must not disturb ours: a time limit kills a long
	# dump, read-only stops a restore. What stands here wins over ALTER ROLE and ALTER DATABASE.
	export PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=0 -c row_security=off
		-c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off
		-c default_transaction_isolation=read\\ committed -c client_min_messages=warning -c standard_conforming_strings=on -c role=none"
	PGOPTIONS="${PGOPTIONS//[$'\n\t']/ }"
	[[ -n "${PGPASSWORD_FILE:-}" ]] || return 0
	write_pgpass "$WORK/pgpass" "$PGPASSWORD_FILE"
	export PGPASSFILE="$WORK/pgpass"
}

# The one way to call psql.
PSQL=(psql -X -q -A -t -w -v ON_ERROR_STOP=1 -F $'\t')

# usage: sql DATABASE [PSQL OPTION...]   Script on stdin unless -c or -f is given.
# The database goes through the environment: -d would read a name with '=' as a connection string.
# Whatever psql's own status was, ours is 69: the server did not do what we need.
sql() {
	local database="$1"

	shift
	PGDATABASE="$database" "${PSQL[@]}" "$@" || return "$UNREACHABLE"
}

# usage: require_server SECONDS   Ends with 69 unless it works with us; one that is starting has SECONDS to come up.
require_server() {
	local end=$((SECONDS + $1)) told=""

	until server_answers; do
		# One that is ready, but not for us, will not be later on. Asked once more: it may have come up just now.
		if ((SECONDS >= end)) || { pg_isready -q && ! server_answers; }; then server_refused; fi
		[[ -n "$told" ]] || log "waiting for the server, up to $1 s (BACKUP_SERVER_WAIT)"
		told=1
		sleep 1
	done
}

# usage: server_answers   Also chooses CONTROL: template1 only where there is no database postgres, because as long as
# anybody is in template1, nobody can create a database. Says in WORK/server.out why not.
server_answers() {
	if sql postgres -c 'SELECT' >"$WORK/server.out" 2>&1; then return 0; fi
	if ! grep -q 'does not exist' "$WORK/server.out"; then return 1; fi
	CONTROL=template1
	sql "$CONTROL" -c 'SELECT' >"$WORK/server.out" 2>&1
}

server_refused() {
	die "$UNREACHABLE" "cannot work with the server at ${PGHOST:-its socket}:${PGPORT:-5432}: $(tr -s '\n\t' '  ' <"$WORK/server.out")"
}

# usage: connection_string DATABASE   For pg_restore, which takes a database by option only.
connection_string() {
	local name="${1//\\/\\\\}"

	printf "dbname='%s'" "${name//\'/\\\'}"
}

# usage: sql_name TEXT   As a quoted identifier.
sql_name() { printf '"%s"' "${1//\"/\"\"}"; }

# usage: sql_text TEXT   As a string literal (standard_conforming_strings is on in all our sessions).
sql_text() { printf "'%s'" "${1//\'/\'\'}"; }

# usage: tool_version PROGRAM   e.g. 16.15
tool_version() {
	local answer

	answer="$("$1" --version)" || die "$UNREACHABLE" "$1 does not run: are the PostgreSQL client tools on PATH?"
	[[ "$answer" =~ \)\ ([0-9]+(\.[0-9]+)?) ]] || die "$REFUSED" "cannot read the version out of '$answer'"
	printf '%s\n' "${BASH_REMATCH[1]}"
}

# usage: tool_major PROGRAM   e.g. 16: what it says of itself, not what an image's tag says.
tool_major() {
	local version

	version="$(tool_version "$1")" || return $?
	printf '%s\n' "${version%%.*}"
}

# usage: epoch UTC   (2026-11-22T06:00:00Z or backup_20261122_060000 or 20261122_060000)
epoch() {
	local digits="${1//[^0-9]/}"

	date -u -d "${digits:0:4}-${digits:4:2}-${digits:6:2} ${digits:8:2}:${digits:10:2}:${digits:12:2}" +%s
}

# usage: utc   The time now.
utc() { TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T\n' -1; }
