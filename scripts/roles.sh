#!/usr/bin/env bash
# The application's databases, their owners, and the passwords out of the Secret. Sourced, never run.
[[ -z "${ROLES_SH_READ:-}" ]] || return 0
ROLES_SH_READ=1

# shellcheck source=lib.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# usage: ensure_databases   Creates what POSTGRES_DATABASES names (one a line) and is missing: a role that may log
# in and a database that it owns. What is there stays as it is.
ensure_databases() {
	local name

	while IFS= read -r name <&3; do
		[[ -n "$name" ]] || continue
		sql "$CONTROL" -v name="$name" <<-'SQL' || return 1
			SELECT format('CREATE ROLE %I LOGIN', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
			SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
			WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
		SQL
		step database
	done 3<<<"${POSTGRES_DATABASES:-}"
}

# usage: apply_password ROLE FILE   The role's password is the file's content from now on.
# It goes from the file into a psql variable, never through an argument list, and is kept out of the server's log.
apply_password() {
	PASSWORD_FILE="$2" sql "$CONTROL" -v role="$1" <<-'SQL' || return 1
		\set password `cat -- "$PASSWORD_FILE"`
		SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
		SET log_duration = off; SET log_transaction_sample_rate = 0;
		SET "pg_stat_statements.track" = none; SET "pgaudit.log" = none; SET "auto_explain.log_min_duration" = -1;
		SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password')
		WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
	SQL
}

# usage: password_roles   Roles that ROLE_PASSWORDS_DIR has a password for, one a line.
# A mounted Secret also has links whose names begin with two dots.
password_roles() {
	local path

	[[ -n "${ROLE_PASSWORDS_DIR:-}" ]] || return 0
	[[ -d "$ROLE_PASSWORDS_DIR" ]] || die "$UNREACHABLE" "ROLE_PASSWORDS_DIR=$ROLE_PASSWORDS_DIR is not there"
	for path in "$ROLE_PASSWORDS_DIR"/*; do
		[[ -f "$path" ]] || continue
		[[ -s "$path" ]] || die "$REFUSED" "the password file $path is empty"
		printf '%s\n' "${path##*/}"
	done
}

# usage: apply_passwords   The Secret's passwords are in force from now on, the superuser's included.
apply_passwords() {
	local role names

	names="$(password_roles)"
	while IFS= read -r role <&3; do
		[[ -n "$role" ]] || continue
		apply_password "$role" "$ROLE_PASSWORDS_DIR/$role" || return 1
		step password
	done 3<<<"$names"
	if [[ -n "${POSTGRES_PASSWORD_FILE:-}" ]]; then
		apply_password "${POSTGRES_USER:-postgres}" "$POSTGRES_PASSWORD_FILE" || return 1
	fi
	step passwords
}
