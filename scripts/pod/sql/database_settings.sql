-- For the current database: one JSON string a line, each a statement. Grants are written as pg_dump does: all taken away,
-- then given one by one, each by who gave it.
-- pg_dump has this with --create only, under the name the database had: it would not let us restore beside.
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
		|| :set_clause
		FROM d, config c
	UNION ALL SELECT 4, 0, format('REVOKE ALL ON DATABASE %s FROM PUBLIC', db) FROM d WHERE datacl IS NOT NULL
	UNION ALL SELECT 4, 1, format('REVOKE ALL ON DATABASE %s FROM %I', db, pg_get_userbyid(datdba)) FROM d WHERE datacl IS NOT NULL
	UNION ALL SELECT 5, a.n, concat(
		CASE WHEN a.grantor <> datdba THEN format('SET SESSION AUTHORIZATION %I; ', pg_get_userbyid(a.grantor)) END,
		format('GRANT %s ON DATABASE %s TO %s', a.privilege_type, db,
			CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END),
		CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END,
		CASE WHEN a.grantor <> datdba THEN '; RESET SESSION AUTHORIZATION' END)
		FROM d, aclexplode(datacl) WITH ORDINALITY a(grantor, grantee, privilege_type, is_grantable, n)
		-- A role that is gone can be left in a list of grants, as a number.
		WHERE a.grantor IN (SELECT oid FROM pg_roles) AND (a.grantee = 0 OR a.grantee IN (SELECT oid FROM pg_roles)))
SELECT to_json(text) FROM statements ORDER BY part, n;
