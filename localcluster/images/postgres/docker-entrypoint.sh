#!/usr/bin/env bash
# Starts PostgreSQL, after making its data directory where there is none: the documented behaviour
# of the official image, written anew.
#
# Reads  POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS (or NAME_FILE = a file
#        that holds the value), POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD, PGDATA, PGPORT
# Runs   /docker-entrypoint-initdb.d/*, once, against a server that listens on its socket only
set -Eeuo pipefail
shopt -s inherit_errexit

readonly INIT_DIRECTORY=/docker-entrypoint-initdb.d

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "error: $*"
	exit 1
}

# usage: from_file NAME [DEFAULT]
# Sets and exports NAME: its own value, else the content of the file that NAME_FILE names.
from_file() {
	local name="$1" default="${2:-}" file="${1}_FILE" value

	[[ -z "${!name:-}" || -z "${!file:-}" ]] ||
		die "both $name and $file are set, but they exclude each other"
	value="${!name:-$default}"
	if [[ -n "${!file:-}" ]]; then
		value="$(<"${!file}")"
	fi
	export "$name=$value"
	unset "$file"
}

read_settings() {
	from_file POSTGRES_PASSWORD
	from_file POSTGRES_USER postgres
	from_file POSTGRES_DB "$POSTGRES_USER"
	from_file POSTGRES_INITDB_ARGS
	: "${POSTGRES_HOST_AUTH_METHOD:=}"
}

# PG_VERSION is the first file that initdb writes: a killed initdb leaves it too. That is the
# official image's rule, and callers know it.
is_initialised() {
	[[ -s "$PGDATA/PG_VERSION" ]]
}

make_directories() {
	local directory

	mkdir -p "$PGDATA" /var/run/postgresql
	# A mounted directory may belong to somebody else, who has set its mode already.
	chmod 0700 "$PGDATA" || say "the mode of $PGDATA stays as it is"
	chmod 3777 /var/run/postgresql || say "the mode of /var/run/postgresql stays as it is"
	if [[ -n "${POSTGRES_INITDB_WALDIR:-}" ]]; then
		mkdir -p "$POSTGRES_INITDB_WALDIR"
		chmod 0700 "$POSTGRES_INITDB_WALDIR"
	fi
	((EUID == 0)) || return 0
	for directory in "$PGDATA" /var/run/postgresql ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"}; do
		find "$directory" '!' -user postgres -exec chown postgres {} +
	done
}

# usage: leave_root SCRIPT [ARGUMENT...]
# PostgreSQL refuses to run as root, so the script starts again as its own user.
leave_root() {
	((EUID == 0)) || return 0
	exec su -s /bin/bash -- postgres "$@"
}

check_settings() {
	if [[ "$POSTGRES_HOST_AUTH_METHOD" == trust ]]; then
		say "warning: POSTGRES_HOST_AUTH_METHOD is trust: anyone who reaches the port is let in"
	elif [[ -z "$POSTGRES_PASSWORD" ]]; then
		die "the database is uninitialized and POSTGRES_PASSWORD is not set: give the superuser a password with it, or with POSTGRES_PASSWORD_FILE"
	fi
}

run_initdb() {
	local -a options=()

	# The value may quote blanks, as on a command line.
	eval "options=($POSTGRES_INITDB_ARGS)"
	if [[ -n "${POSTGRES_INITDB_WALDIR:-}" ]]; then
		options+=(--waldir "$POSTGRES_INITDB_WALDIR")
	fi
	# The password is in no argument and in no file that would be left behind.
	initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" \
		--pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${options[@]}"
}

# usage: allow_network [SERVER-OPTION...]
allow_network() {
	local method="$POSTGRES_HOST_AUTH_METHOD"

	: "${method:=$(postgres -D "$PGDATA" -C password_encryption "$@")}"
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

# usage: start_temporary [SERVER-OPTION...]
# On its socket only: nobody can take the database for ready while it is being filled.
start_temporary() {
	local options

	printf -v options ' %q' "$@" -c listen_addresses= -p "${PGPORT:-5432}"
	NOTIFY_SOCKET='' PGUSER="${PGUSER:-$POSTGRES_USER}" pg_ctl -D "$PGDATA" -o "$options" -w start
}

stop_temporary() {
	PGUSER="${PGUSER:-postgres}" pg_ctl -D "$PGDATA" -m fast -w stop
}

# usage: sql [PSQL-ARGUMENT...]
sql() {
	PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password \
		--username "$POSTGRES_USER" "$@"
}

create_database() {
	[[ "$POSTGRES_DB" != postgres ]] || return 0
	sql --dbname postgres --set db="$POSTGRES_DB" --file - <<'SQL'
SELECT format('CREATE DATABASE %I', :'db')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'db') \gexec
SQL
}

# usage: run_init_files FILE...
# The first that fails ends it all.
run_init_files() {
	local file

	for file in "$@"; do
		case "$file" in
		*.sh) run_init_script "$file" ;;
		*.sql) say "running $file" && sql --dbname "$POSTGRES_DB" --file "$file" ;;
		*.sql.gz) say "running $file" && gunzip -c "$file" | sql --dbname "$POSTGRES_DB" ;;
		*.sql.xz) say "running $file" && xzcat "$file" | sql --dbname "$POSTGRES_DB" ;;
		*.sql.zst) say "running $file" && zstd -dc "$file" | sql --dbname "$POSTGRES_DB" ;;
		*) say "ignoring $file" ;;
		esac
	done
}

# usage: run_init_script FILE
# One that is not executable is read into this shell, as the official image does.
run_init_script() {
	if [[ -x "$1" ]]; then
		say "running $1"
		"$1"
	else
		say "sourcing $1"
		# shellcheck source=/dev/null
		. "$1"
	fi
}

# usage: initialise [SERVER-OPTION...]
initialise() {
	check_settings
	# A directory that cannot be read shows now, not when the data is half made.
	ls "$INIT_DIRECTORY/" >/dev/null
	run_initdb
	allow_network "$@"
	export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
	start_temporary "$@"
	create_database
	shopt -s nullglob
	run_init_files "$INIT_DIRECTORY"/*
	stop_temporary
	unset PGPASSWORD
	say "PostgreSQL init process complete; ready for start up."
}

# usage: asks_only [ARGUMENT...]
# True for options that print something and need no data.
asks_only() {
	local argument

	for argument in "$@"; do
		case "$argument" in
		-'?' | --help | --describe-config | -V | --version) return 0 ;;
		esac
	done
	return 1
}

main() {
	if [[ "${1:-}" == -* ]]; then
		set -- postgres "$@"
	fi
	if [[ "${1:-}" == postgres ]] && ! asks_only "$@"; then
		read_settings
		make_directories
		leave_root "${BASH_SOURCE[0]}" "$@"
		if is_initialised; then
			say "PostgreSQL Database directory appears to contain a database; Skipping initialization"
		else
			initialise "${@:2}"
		fi
	fi
	exec "$@"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
