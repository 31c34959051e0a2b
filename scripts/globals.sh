#!/usr/bin/env bash
# Roles and what belongs to a database as a whole (settings, grants): saving and applying. Sourced, never run.
[[ -z "${GLOBALS_SH_READ:-}" ]] || return 0
GLOBALS_SH_READ=1

# shellcheck source=sets.sh
source "${BASH_SOURCE[0]%/*}/sets.sh"

# Cuts the text of pg_dumpall --globals-only into statements (a quoted name may hold line breaks) and leaves out
# CREATE ROLE and ALTER ROLE of the roles in the file `roles`, one hexadecimal name a line, and what is granted to them.
# settings=1 lets ALTER ROLE ... SET and all grants pass: those are no attributes.
# shellcheck disable=SC2016
GLOBALS_FILTER='
function hex(text,  i, out) { for (i = 1; i <= length(text); i++) out = out sprintf("%02x", ord[substr(text, i, 1)]); return out }
function finished(text,  q, i, c) { # an even number of each quote, and a semicolon at the end
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (q == "") { if (c == "\"" || c == "\047") q = c }
		else if (c == q) q = ""
	}
	return q == "" && text ~ /;$/
}
function name_in(text,  name) { # the name that it begins with, unquoted; the rest into `rest`
	if (substr(text, 1, 1) != "\"") { match(text, /^[^ ;]+/); rest = substr(text, RLENGTH + 1); return substr(text, 1, RLENGTH) }
	match(text, /^"([^"]|"")*"/); rest = substr(text, RLENGTH + 1)
	name = substr(text, 2, RLENGTH - 2); gsub(/""/, "\"", name)
	return name
}
BEGIN { for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i; while ((got = (getline line < roles)) > 0) known[line] = 1; if (got < 0) exit 69 }
statement == "" && (/^--/ || /^\\/ || /^$/) { print; next }
{ statement = (statement == "") ? $0 : statement "\n" $0 }
!finished(statement) { next }
{
	leave = 0
	if (match(statement, /^(CREATE|ALTER) ROLE /)) {
		leave = hex(name_in(substr(statement, RLENGTH + 1))) in known
		if (settings && rest ~ /^ (IN DATABASE .* )?SET /) leave = 0
	}
	else if (!settings && match(statement, /^GRANT ([A-Z, ]+ ON PARAMETER )?/)) {
		parameter = RLENGTH > 6
		granted = name_in(substr(statement, RLENGTH + 1))
		# To a role that is here: a parameter, or membership in another that is here. If it was revoked, it stays so.
		leave = hex(name_in(substr(rest, 5))) in known && (parameter || hex(granted) in known)
		# Whoever granted it may not have the right to any more: the superuser grants.
		if (!parameter) sub(/ GRANTED BY ("([^"]|"")*"|[^ ;"]+);$/, ";", statement)
	}
	else if (!settings) leave = statement ~ /^(RE)?SET SESSION AUTHORIZATION/
	if (!leave) print statement
	statement = ""
}
END { if (got >= 0 && statement != "") { print "error: a statement without end" > "/dev/stderr"; exit 65 } }
'

# usage: filter_globals ROLES_FILE SETTINGS < SQL
filter_globals() { awk -v roles="$1" -v settings="$2" "$GLOBALS_FILTER"; }

# usage: apply_globals DIRECTORY fresh|live   Creates the set's roles that are missing. A role that exists keeps its
# attributes, its password and its memberships: what is in force stays in force. On a fresh server the superuser gets its
# settings.
apply_globals() {
	local settings=0

	[[ "$2" == live ]] || settings=1
	sql "$CONTROL" -c "SELECT encode(convert_to(rolname, 'UTF8'), 'hex') FROM pg_roles" >"$WORK/roles" || return 1
	read_file "$1/${MANIFEST["globals.file"]//\"/}" 2>"$WORK/read.err" | into "$WORK/globals.all" || return $?
	# Their passwords stay out of the server's log.
	{
		echo "SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;"
		filter_globals "$WORK/roles" "$settings" <"$WORK/globals.all"
	} | into "$WORK/globals.sql" || return $?
	# One transaction, of a file: roles come all or not at all, and a pipe that breaks off would look like its end.
	sql "$CONTROL" -1 -f "$WORK/globals.sql" || return 1
	rm -f -- "$WORK/globals.all" "$WORK/globals.sql"
}

# usage: read_file FILE   Its plain text on stdout; fails if the file is cut or damaged.
read_file() {
	case "$1" in
	*.zst) zstd -q -d -c -- "$1" ;;
	*.gz) gzip -d -c -- "$1" ;;
	*) cat -- "$1" ;;
	esac
}

# usage: database_settings_sql   For the current database: one JSON string a line, each a statement. Grants are
# written as pg_dump does: all taken away, then given one by one, each by who gave it.
# pg_dump has this with --create only, under the name the database had: it would not let us restore beside.
database_settings_sql() {
	cat <<'SQL'
WITH d AS (SELECT *, format('%I', datname) AS db FROM pg_database WHERE datname = current_database()),
config AS (
	SELECT s.setrole, u.pair, left(u.pair, strpos(u.pair, '=') - 1) AS name, substr(u.pair, strpos(u.pair, '=') + 1) AS value, u.n
	FROM d JOIN pg_db_role_setting s ON s.setdatabase = d.oid, unnest(s.setconfig) WITH ORDINALITY u(pair, n)),
statements AS (
	SELECT 1 AS part, 0::bigint AS n, format('COMMENT ON DATABASE %s IS %L', db, shobj_description(oid, 'pg_database')) AS text
		FROM d WHERE shobj_description(oid, 'pg_database') IS NOT NULL
	UNION ALL SELECT 2, 0, format('ALTER DATABASE %s CONNECTION LIMIT %s', db, datconnlimit) FROM d WHERE datconnlimit <> -1
	UNION ALL SELECT 3, setrole::bigint * 1000 + c.n,
		CASE setrole WHEN 0 THEN format('ALTER DATABASE %s', db) ELSE format('ALTER ROLE %I IN DATABASE %s', pg_get_userbyid(setrole), db) END
		-- These hold lists that are quoted already (GUC_LIST_QUOTE); any other value is one string.
		|| format(' SET %s TO ', (SELECT string_agg(quote_ident(p), '.') FROM unnest(string_to_array(name, '.')) p))
		|| CASE WHEN lower(name) IN ('local_preload_libraries', 'search_path', 'session_preload_libraries',
			'shared_preload_libraries', 'temp_tablespaces', 'unix_socket_directories')
			THEN coalesce(nullif(value, ''), '''''') ELSE quote_literal(value) END
		FROM d, config c
	UNION ALL SELECT 4, 0, format('REVOKE ALL ON DATABASE %s FROM PUBLIC', db) FROM d WHERE datacl IS NOT NULL
	UNION ALL SELECT 4, 1, format('REVOKE ALL ON DATABASE %s FROM %I', db, pg_get_userbyid(datdba)) FROM d WHERE datacl IS NOT NULL
	UNION ALL SELECT 5, a.n, concat(
		CASE WHEN a.grantor <> datdba THEN format('SET SESSION AUTHORIZATION %I; ', pg_get_userbyid(a.grantor)) END,
		format('GRANT %s ON DATABASE %s TO %s', a.privilege_type, db,
			CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END),
		CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END,
		CASE WHEN a.grantor <> datdba THEN '; RESET SESSION AUTHORIZATION' END)
		FROM d, aclexplode(datacl) WITH ORDINALITY a(grantor, grantee, privilege_type, is_grantable, n))
SELECT to_json(text) FROM statements ORDER BY part, n;
SQL
}

# A setting of all sessions of a database: its name, quoted or not, and the rest. Names and values may hold anything.
DATABASE_SETTING='^ALTER DATABASE ("([^"]|"")*"|[^" ]+)( SET .*)$'

# usage: database_statements INDEX [NAME]   The same statements out of the manifest, as SQL. With NAME only the settings of
# all its sessions, for the database NAME. Left out are those that say nothing about content, but could keep the restore
# itself from its work: libraries that each session loads (one that this image lacks lets nobody in), and limits of time.
database_statements() {
	local token text

	awk -F '\t' -v at="databases.$1.settings." 'index($1, at) == 1 { print $2 }' "$MANIFEST_FLAT" | while IFS= read -r token; do
		json_text text "$token"
		if [[ -n "${2:-}" ]]; then
			[[ "$text" =~ $DATABASE_SETTING ]] || continue
			[[ "${BASH_REMATCH[3]}" != " SET "@(session_preload_libraries|local_preload_libraries|+([a-z_])_timeout)" TO "* ]] || continue
			text="ALTER DATABASE $(sql_name "$2")${BASH_REMATCH[3]}"
		fi
		printf '%s;\n' "$text"
	done
}
