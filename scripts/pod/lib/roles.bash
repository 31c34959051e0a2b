# The application's databases, their owners, the passwords out of the Secret, and whether roles can log in.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_ENSURE_DATABASE sql/ensure_database.sql
read_text SQL_APPLY_PASSWORD sql/apply_password.sql
read_text SQL_LOGINS sql/logins.sql

# usage: roles_ensure_databases   Creates what POSTGRES_DATABASES names (one a line) and is missing: a role that may log
# in and a database that it owns. What is there stays as it is.
roles_ensure_databases() {
	local name

	while IFS= read -r name <&3; do
		[[ -n "$name" ]] || continue
		psql_run "$CONTROL" -v name="$name" <<<"$SQL_ENSURE_DATABASE" || return 1
		step database
	done 3<<<"${POSTGRES_DATABASES:-}"
}

# usage: roles_apply_password ROLE FILE   The role's password is the file's content from now on. What goes to the server is the
# verifier that psql's \password makes of it, in SCRAM whatever the server's default is: pg_hba.conf takes no other. So no
# log and no extension sees a password. setsid: without a terminal \password reads stdin, where there is nothing else.
roles_apply_password() {
	local password

	password="$(cat -- "$2")" || return 69
	[[ "$password" != *$'\n'* ]] || { echo "the password in $2 has more than one line" >&2 && return 69; }
	PGDATABASE="$CONTROL" PGOPTIONS="$PGOPTIONS -c password_encryption=scram-sha-256" setsid "${PSQL[@]}" -v role="$1" -f /dev/fd/3 \
		3<<<"$SQL_APPLY_PASSWORD" <<<"$password"$'\n'"$password" 2>"$WORK/password.err" && return 0
	tail -n 1 "$WORK/password.err" >&2
	return 69
}

# usage: roles_with_passwords   Roles that ROLE_PASSWORDS_DIR has a password for, one a line.
# A mounted Secret also has links whose names begin with two dots.
roles_with_passwords() {
	local path

	[[ -n "${ROLE_PASSWORDS_DIR:-}" ]] || return 0
	[[ -d "$ROLE_PASSWORDS_DIR" ]] || die "$UNREACHABLE" "ROLE_PASSWORDS_DIR=$ROLE_PASSWORDS_DIR is not there"
	for path in "$ROLE_PASSWORDS_DIR"/*; do
		[[ -f "$path" ]] || continue
		[[ -s "$path" ]] || die "$REFUSED" "the password file $path is empty"
		printf '%s\n' "${path##*/}"
	done
}

# usage: roles_apply_passwords   The Secret's passwords are in force from now on, the superuser's included: a new Secret
# over an old data directory would let nobody in (bitnami/charts#2061).
roles_apply_passwords() {
	local role names

	names="$(roles_with_passwords)" || return $?
	while IFS= read -r role <&3; do
		[[ -n "$role" ]] || continue
		roles_apply_password "$role" "$ROLE_PASSWORDS_DIR/$role" || return 1
		step password
	done 3<<<"$names"
	if [[ -n "${POSTGRES_PASSWORD_FILE:-}" ]]; then
		roles_apply_password "${POSTGRES_USER:-postgres}" "$POSTGRES_PASSWORD_FILE" || return 1
	fi
	step passwords
}

# usage: roles_can_log_in   Each role that may log in opens each database that is its own or was granted to it.
# Sets OPENED; one that cannot is in WORK/findings.
roles_can_log_in() {
	local role database line status

	psql_run "$CONTROL" >"$WORK/logins" <<<"$SQL_LOGINS" || return 69
	OPENED=0 PASSWORDS=""
	while IFS= read -r line <&3; do
		json_text role "${line%%$'\t'*}"
		json_text database "${line#*$'\t'}"
		status=0
		roles_log_in "$role" "$database" || status=$?
		case $status in
		0) OPENED=$((OPENED + 1)) ;;
		1) printf 'left_out\t%s\t"login"\t%s\t%s\n' "${line#*$'\t'}" "${line%%$'\t'*}" "$(json_quote "$WHY")" >>"$WORK/findings" ;;
		*) return "$status" ;;
		esac
	done 3<"$WORK/logins"
}

# usage: roles_open ROLE DATABASE   Asked twice: a program may be killed. Sets WHY where it does not.
roles_open() {
	PGUSER="$1" psql_run "$2" -c 'SELECT 1' >/dev/null 2>&1 || WHY="$(PGUSER="$1" psql_run "$2" -c 'SELECT 1' 2>&1)"
}

# usage: roles_log_in ROLE DATABASE   Status 1 with WHY where it is refused.
roles_log_in() {
	local file="${ROLE_PASSWORDS_DIR:-/nonexistent}/$1"

	if [[ "$1" =~ ^[A-Za-z0-9._-]+$ && -f "$file" ]]; then
		psql_write_pgpass "$WORK/rolepass" "$file" || return 73
		if PGPASSFILE="$WORK/rolepass" roles_open "$1" "$2"; then
			PASSWORDS="${PASSWORDS:-as saved}"
			return 0
		fi
		# The Secret may be newer than the set; start-up applies it again, so that is what counts then.
		PGUSER="$SUPERUSER" roles_apply_password "$1" "$file" 2>"$WORK/login.out" || return 69
		PASSWORDS="applied again"
		if PGPASSFILE="$WORK/rolepass" roles_open "$1" "$2"; then return 0; fi
	elif roles_open "$1" "$2"; then
		return 0
	fi
	# A server that refuses goes on.
	PGUSER="$SUPERUSER" psql_run "$CONTROL" -c 'SELECT' >/dev/null 2>&1 || return 69
	# Its sentence, not where in a trigger it was said.
	WHY="${WHY##*FATAL:  }"
	WHY="${WHY%%$'\n'*}"
	return 1
}
