-- What is set for all roles in all databases, a statement a line: pg_dumpall asks role by role and leaves it out.
SELECT 'ALTER ROLE ALL' || :set_clause || ';' FROM (
	SELECT left(pair, strpos(pair, '=') - 1) AS name, substr(pair, strpos(pair, '=') + 1) AS value, n
	FROM pg_db_role_setting, unnest(setconfig) WITH ORDINALITY u(pair, n) WHERE setdatabase = 0 AND setrole = 0) config
ORDER BY n;
