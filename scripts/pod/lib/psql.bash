# How the scripts talk to PostgreSQL: the connection's settings, the one way to call psql, and quoting.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_NOT_DUMPED awk/not_dumped.awk

# The database from which others are looked at, created and renamed.
CONTROL=postgres

# usage: psql_write_pgpass FILE PASSWORD_FILE   A password file for libpq out of a file with a bare password.
psql_write_pgpass() {
	local password

	password="$(cat -- "$2")" || die "$UNREACHABLE" "cannot read the password file $2"
	password="${password//\\/\\\\}"
	(umask 077 && printf '*:*:*:*:%s\n' "${password//:/\\:}" >"$1") # libpq takes none that a group may read
}

# usage: psql_prepare   libpq's own variables, and a private password file where one is asked for.
psql_prepare() {
	export PGCLIENTENCODING=UTF8 PGAPPNAME="${0##*/}" PGCONNECT_TIMEOUT="${PGCONNECT_TIMEOUT:-30}"
	# What a database or role has set for its sessions must not disturb ours: a time limit kills a long
	# dump, read-only stops a restore. What stands here wins over ALTER ROLE and ALTER DATABASE. The search path because
	# a database's owner could put functions of his own there, for our superuser to call.
	export PGOPTIONS="${PGOPTIONS:-} -c statement_timeout=0 -c lock_timeout=0 -c row_security=off
		-c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 -c default_transaction_read_only=off
		-c default_transaction_isolation=read\\ committed -c client_min_messages=warning -c standard_conforming_strings=on -c role=none
		-c quote_all_identifiers=off -c search_path=pg_catalog"
	# Where the connection is cut the server ends what it did for us, with its locks, within a minute; and we do not wait for a
	# server that is gone: libpq takes that from a service only.
	PGOPTIONS+=" -c client_connection_check_interval=10s -c tcp_user_timeout=50s
		-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
	PGOPTIONS="${PGOPTIONS//[$'\n\t']/ }"
	[[ -n "${PGSERVICE:-}" ]] || {
		printf '[ours]\nkeepalives_idle=20\nkeepalives_interval=10\nkeepalives_count=3\ntcp_user_timeout=50000\n' >"$WORK/service"
		export PGSERVICE=ours PGSERVICEFILE="$WORK/service"
	}
	[[ -n "${PGPASSWORD_FILE:-}" ]] || return 0
	psql_write_pgpass "$WORK/pgpass" "$PGPASSWORD_FILE"
	export PGPASSFILE="$WORK/pgpass"
}

# Our role, where it is no superuser (role.bash); its name and what else follows from it are variables of psql.
ROLE=""

# The one way to call psql. Without ON_ERROR_STOP a failed restore ends with 0 (Archmonger/django-dbbackup#211).
PSQL=(psql -X -q -A -t -w -v ON_ERROR_STOP=1 -F $'\t' -v superuser=on -v sees_objects=on -v roles_except="$BACKUP_ROLES_EXCEPT")

# usage: psql_run DATABASE [PSQL OPTION...]   Script on stdin unless -c or -f is given.
# The database goes through the environment: -d would read a name with '=' as a connection string.
# Whatever psql's own status was, ours is 69: the server did not do what we need.
psql_run() {
	local database="$1"

	shift
	PGDATABASE="$database" "${PSQL[@]}" "$@" || return "$UNREACHABLE"
}

# usage: psql_require_server SECONDS   Ends with 69 unless it works with us; one that is starting has SECONDS to come up.
psql_require_server() {
	local end=$((SECONDS + $1)) told=""

	until psql_server_answers; do
		# One that is ready, but not for us, will not be later on. Asked once more: it may have come up just now.
		if ((SECONDS >= end)) || { pg_isready -q && ! psql_server_answers; }; then psql_server_refused; fi
		[[ -n "$told" ]] || log "waiting for the server, up to $1 s (BACKUP_SERVER_WAIT)"
		told=1
		sleep 1
	done
}

# usage: psql_server_answers   Also chooses CONTROL: template1 only where database postgres is missing, closed or half dropped,
# because a session in template1 keeps all others from creating a database. Says in WORK/server.out why not.
psql_server_answers() {
	if psql_run postgres -c 'SELECT' >"$WORK/server.out" 2>&1; then return 0; fi
	if ! grep -q -E 'does not exist|not currently accepting connections|invalid database' "$WORK/server.out"; then return 1; fi
	CONTROL=template1
	psql_run "$CONTROL" -c 'SELECT' >"$WORK/server.out" 2>&1
}

psql_server_refused() {
	die "$UNREACHABLE" "cannot work with the server at ${PGHOST:-its socket}:${PGPORT:-5432}: $(awk "$AWK_NOT_DUMPED" "$WORK/server.out")"
}

# usage: psql_connection_string DATABASE   For pg_restore, which takes a database by option only.
psql_connection_string() {
	local name="${1//\\/\\\\}"

	printf "dbname='%s'" "${name//\'/\\\'}"
}

# usage: psql_name TEXT   As a quoted identifier.
psql_name() { printf '"%s"' "${1//\"/\"\"}"; }

# usage: psql_text TEXT   As a string literal (standard_conforming_strings is on in all our sessions).
psql_text() { printf "'%s'" "${1//\'/\'\'}"; }
