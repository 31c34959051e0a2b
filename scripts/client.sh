#!/usr/bin/env bash
# How the scripts talk to PostgreSQL: the connection's settings, the one way to call psql, quoting, and the versions of
# the programs at hand. Sourced by lib.sh, never run.
[[ -z "${CLIENT_SH_READ:-}" ]] || return 0
CLIENT_SH_READ=1

# The database from which others are looked at, created and renamed.
CONTROL=postgres

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
	# dump, read-only stops a restore. What stands here wins over ALTER ROLE and ALTER DATABASE. The search path because
	# whoever owns a database could put functions of his own there, for our superuser to call.
	export PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=0 -c row_security=off
		-c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off
		-c default_transaction_isolation=read\\ committed -c client_min_messages=warning -c standard_conforming_strings=on -c role=none
		-c search_path=pg_catalog"
	PGOPTIONS="${PGOPTIONS//[$'\n\t']/ }"
	[[ -n "${PGPASSWORD_FILE:-}" ]] || return 0
	write_pgpass "$WORK/pgpass" "$PGPASSWORD_FILE"
	export PGPASSFILE="$WORK/pgpass"
}

# For sessions that last: PostgreSQL 17 can limit a transaction's time, and 16 does not know how to be told not to.
# shellcheck disable=SC2034 # for dump.sh and contents.sh
NO_TIME_LIMIT="SELECT 'SET transaction_timeout = 0' FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout' \\gexec"

# The one way to call psql.
PSQL=(psql -X -q -A -t -w -v ON_ERROR_STOP=1 -F $'\t')

# What the shell says of a program that a signal ended, and what the one before it in a pipe says then: no finding.
KILLED='line [0-9]+: +[0-9]+ [A-Z]|[Bb]roken pipe'

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

# usage: server_answers   Also chooses CONTROL: template1 only where database postgres is missing, closed or half dropped,
# because as long as anybody is in template1, nobody can create a database. Says in WORK/server.out why not.
server_answers() {
	if sql postgres -c 'SELECT' >"$WORK/server.out" 2>&1; then return 0; fi
	if ! grep -q -E 'does not exist|not currently accepting connections|invalid database' "$WORK/server.out"; then return 1; fi
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
