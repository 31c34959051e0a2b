# Roles and what belongs to a database as a whole (settings, grants): saving and applying.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_DATABASE_SETTINGS sql/database_settings.sql
read_text SQL_ROLE_SETTINGS sql/role_settings.sql
read_text SET_CLAUSE sql/set_clause.sql
SQL_DATABASE_SETTINGS="${SQL_DATABASE_SETTINGS//:set_clause/"$SET_CLAUSE"}"
SQL_ROLE_SETTINGS="${SQL_ROLE_SETTINGS//:set_clause/"$SET_CLAUSE"}"
read_text SQL_ROLES sql/roles.sql
read_text ROLES_LIKE sql/roles_except.sql
SQL_ROLES="${SQL_ROLES//:roles_like/"$ROLES_LIKE"}"
read_text AWK_GLOBALS awk/globals.awk

# usage: globals_filter ROLES_FILE SETTINGS [EXCEPT_FILE] < SQL
globals_filter() { awk -v roles="$1" -v settings="$2" -v except="${3:-/dev/null}" "$AWK_TEXT$AWK_GLOBALS"; }

# usage: globals_apply DIRECTORY fresh|live   Creates the set's roles that are missing, as far as the server takes them; the
# statements are in WORK/globals.sql then, its refusals on stderr. A role that exists keeps its attributes, its password and its
# memberships: what is in force stays in force. On a fresh server the superuser gets its settings.
globals_apply() {
	local settings=0

	[[ "$2" == live ]] || settings=1
	psql_run "$CONTROL" -c "SELECT encode(convert_to(rolname, 'UTF8'), 'hex') FROM pg_roles" >"$WORK/roles" || return 1
	set_read_file "$1/${MANIFEST["globals.file"]//\"/}" | into "$WORK/globals.all" || return $?
	# Their passwords stay out of the server's log.
	{
		[[ -n "$ROLE" ]] || echo "SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;"
		ME="$ROLE" globals_filter "$WORK/roles" "$settings" <"$WORK/globals.all"
	} | into "$WORK/globals.sql" || return $?
	# Of a file: a pipe that breaks off would look like its end.
	PGDATABASE="$CONTROL" "${ARCHIVE_PSQL[@]}" -f "$WORK/globals.sql" >/dev/null || true # what was refused is in its messages
	rm -f -- "$WORK/globals.all"
}

# usage: globals_say_lacks   What a set lacks that was taken by a role without superuser.
globals_say_lacks() {
	local lacks bare

	[[ "${MANIFEST["role.superuser"]:-}" == false ]] || return 0
	lacks="$(awk -F '\t' 'index($1, "role.limits.") == 1 { print $2 }' "$MANIFEST_FLAT" | paste -s -d , -)"
	[[ -z "$lacks" ]] || log "note: the set was taken by ${MANIFEST["role.name"]}, no superuser: ${lacks//\"/}"
	[[ "${MANIFEST["role.passwords"]:-}" == false ]] || return 0
	bare="$(globals_new rolcanlogin | cut -f 2 | paste -s -d , -)"
	[[ -z "$bare" ]] || log "warning: these roles have no password, which the set does not hold: $bare (ALTER ROLE ... PASSWORD)"
}

# usage: globals_drop_new   The set's roles that were not there before globals_apply: a restore that came to nothing leaves none
# behind. Only those that the set names: somebody else may have made a role meanwhile.
globals_drop_new() {
	[[ -s "$WORK/roles" ]] || return 0
	globals_new true |
		awk -F '\t' 'NR == FNR { if (index($1, "globals.roles.") == 1) saved[$2]; next } $1 in saved { print $2 }' "$MANIFEST_FLAT" - |
		while IFS= read -r role; do psql_run "$CONTROL" -c "DROP ROLE $role" || log "warning: the role $role is left"; done
}

# usage: globals_new CONDITION   The roles that were not there before globals_apply: name as JSON TAB as an identifier.
globals_new() {
	psql_run "$CONTROL" -c "SELECT to_json(rolname::text), format('%I', rolname) FROM pg_roles WHERE $1 AND encode(convert_to(rolname, 'UTF8'), 'hex') <> ALL ('{$(paste -s -d , "$WORK/roles")}')"
}

# A setting of all sessions of a database: its name, quoted or not, and the rest. Names and values may hold anything.
DATABASE_SETTING='^ALTER DATABASE ("([^"]|"")*"|[^" ]+)( SET .*)$'

# usage: globals_statements INDEX [NAME]   The same statements out of the manifest, as SQL. With NAME only the settings of
# all its sessions, for the database NAME. Left out are those that say nothing about content, but could keep the restore
# itself from its work: libraries that each session loads (one that this image lacks ends every session), and limits of time.
globals_statements() {
	local token text

	awk -F '\t' -v at="databases.$1.settings." 'index($1, at) == 1 { print $2 }' "$MANIFEST_FLAT" | while IFS= read -r token; do
		json_text text "$token"
		if [[ -n "${2:-}" ]]; then
			[[ "$text" =~ $DATABASE_SETTING ]] || continue
			[[ "${BASH_REMATCH[3]}" != " SET "@(session_preload_libraries|local_preload_libraries|+([a-z_])_timeout)" TO "* ]] || continue
			text="ALTER DATABASE $(psql_name "$2")${BASH_REMATCH[3]}"
		fi
		printf '%s;\n' "$text"
	done
}
