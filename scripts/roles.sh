#!/usr/bin/env bash
# The application's databases, their owners, the passwords out of the Secret, and the proof that roles can log in. Sourced,
# never run.
[[ -z "${ROLES_SH_READ:-}" ]] || return 0
ROLES_SH_READ=1

# shellcheck source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

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
		\if :SHELL_ERROR
			DO 'BEGIN RAISE EXCEPTION ''the password file cannot be read''; END';
		\endif
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

	names="$(password_roles)" || return $?
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

# usage: roles_can_log_in   Each role that may log in opens each database that is its own or was granted to it.
# Sets OPENED. Returns 65 with WHY if one cannot.
roles_can_log_in() {
	local role database line

	sql "$CONTROL" >"$WORK/logins" <<'SQL' || return 69
SELECT to_json(r.rolname::text), to_json(d.datname::text) FROM pg_roles r, pg_database d
WHERE r.rolcanlogin AND r.rolconnlimit <> 0 AND (r.rolvaliduntil IS NULL OR r.rolvaliduntil > now()) AND d.datallowconn AND NOT d.datistemplate AND d.datconnlimit <> 0
AND (d.datdba = r.oid OR EXISTS (SELECT FROM aclexplode(d.datacl) a
	WHERE a.privilege_type = 'CONNECT' AND a.grantee <> 0 AND pg_has_role(r.oid, a.grantee, 'USAGE'))
	OR (d.datname = 'postgres' AND has_database_privilege(r.oid, d.oid, 'CONNECT')))
AND has_database_privilege(r.oid, d.oid, 'CONNECT') ORDER BY r.rolname, d.datname;
SQL
	OPENED=0 PASSWORDS=""
	while IFS= read -r line <&3; do
		json_text role "${line%%$'\t'*}"
		json_text database "${line#*$'\t'}"
		log_in "$role" "$database" || return $?
		OPENED=$((OPENED + 1))
	done 3<"$WORK/logins"
}

# usage: opens ROLE DATABASE   Sets WHY where it does not.
opens() { WHY="$(PGUSER="$1" sql "$2" -c 'SELECT 1' 2>&1)"; }

# usage: log_in ROLE DATABASE
log_in() {
	local file="${ROLE_PASSWORDS_DIR:-/nonexistent}/$1"

	if [[ "$1" =~ ^[A-Za-z0-9._-]+$ && -f "$file" ]]; then
		write_pgpass "$WORK/rolepass" "$file" || return 73
		if PGPASSFILE="$WORK/rolepass" opens "$1" "$2"; then
			PASSWORDS="${PASSWORDS:-as saved}"
			return 0
		fi
		# The Secret may be newer than the set; start-up applies it again, so that is what is proven then.
		PGUSER="$SUPERUSER" apply_password "$1" "$file" 2>"$WORK/login.out" || return 69
		PASSWORDS="applied again"
		if PGPASSFILE="$WORK/rolepass" opens "$1" "$2"; then return 0; fi
	elif opens "$1" "$2"; then
		return 0
	fi
	# A server that refuses says why, and goes on.
	[[ -n "$WHY" && ! "$WHY" =~ $KILLED && ! "${WHY,,}" =~ $MACHINE ]] || return 69
	PGUSER="$SUPERUSER" sql "$CONTROL" -c 'SELECT' >/dev/null 2>&1 || return 69
	WHY="role $1 cannot open database $2: ${WHY##*$'\n'}"
	return 65
}
