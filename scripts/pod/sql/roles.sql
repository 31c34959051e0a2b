-- Each role but the bootstrap superuser and PostgreSQL's own, and what it is: attributes, memberships, and what is set for it in all
-- databases (values as hashes: they may be secret). A line each, as JSON. to_jsonb: up to PostgreSQL 15 the member says whether it inherits.
SELECT 'role', to_json(rolname::text), to_json(concat_ws(', ',
	CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN NOT rolinherit THEN 'noinherit' END, CASE WHEN rolcreaterole THEN 'createrole' END,
	CASE WHEN rolcreatedb THEN 'createdb' END, CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolreplication THEN 'replication' END,
	CASE WHEN rolbypassrls THEN 'bypassrls' END, CASE WHEN rolconnlimit <> -1 THEN 'connection limit ' || rolconnlimit END,
	'valid until ' || (rolvaliduntil AT TIME ZONE 'UTC'),
	(SELECT string_agg('member of ' || name || options, ', ' ORDER BY name COLLATE "C") FROM (
		SELECT pg_get_userbyid(roleid) AS name, concat(CASE WHEN bool_or(admin_option) THEN ' with admin' END,
			CASE WHEN NOT bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit)) THEN ' without inherit' END, CASE WHEN NOT bool_or(coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)) THEN ' without set' END) AS options
		FROM pg_auth_members m WHERE member = r.oid AND pg_get_userbyid(roleid) NOT LIKE ALL (:roles_like) GROUP BY roleid) memberships),
	(SELECT string_agg('set ' || split_part(pair, '=', 1) || ' ' || md5(pair), ', ' ORDER BY pair COLLATE "C")
		FROM pg_db_role_setting, unnest(setconfig) pair WHERE setrole = r.oid AND setdatabase = 0)))
FROM pg_roles r WHERE oid <> 10 AND rolname !~ '^pg_' AND rolname NOT LIKE ALL (:roles_like) ORDER BY rolname COLLATE "C";
