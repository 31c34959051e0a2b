-- Of `targets`, a JSON array of [name, owner], those that our role, no superuser, cannot restore: their place in it TAB why. An owner that is not there is made,
-- but for the superuser of that server (`superuser_there`, as JSON).
-- Who has an admin option on a role can become it (sql/role_become.sql).
SELECT n - 1, why FROM json_array_elements(:'targets') WITH ORDINALITY t (target, n) JOIN pg_roles me ON me.rolname = current_user
LEFT JOIN pg_roles o ON o.rolname = target ->> 1 LEFT JOIN pg_database d ON d.datname = target ->> 0
CROSS JOIN LATERAL (SELECT CASE
	WHEN NOT me.rolcreatedb THEN format('%s may not create databases (the way: ALTER ROLE %1$I CREATEDB)', me.rolname)
	WHEN o.oid IS NULL AND target ->> 1 = :'superuser_there'::json #>> '{}' THEN format('its owner %s, the superuser where it was saved, is missing here (the way: CREATE ROLE %1$I)', target ->> 1)
	WHEN o.oid IS NULL AND NOT me.rolcreaterole THEN format('its owner %s is missing here, and %s may not create roles (the way: ALTER ROLE %2$I CREATEROLE)', target ->> 1, me.rolname)
	WHEN NOT may_own.o THEN format('%s cannot become its owner %s', me.rolname, o.rolname) || CASE WHEN o.rolsuper THEN '' ELSE format(' (the way: GRANT %I TO %I)', o.rolname, me.rolname) END
	WHEN NOT may_own.d THEN format('%s cannot become the owner of the present one, %s', me.rolname, pg_get_userbyid(d.datdba)) END AS why
	FROM (SELECT pg_has_role(o.oid, 'USAGE') AND pg_has_role(o.oid, 'SET') OR pg_has_role(o.oid, 'MEMBER WITH ADMIN OPTION') AS o,
		pg_has_role(d.datdba, 'USAGE') OR pg_has_role(d.datdba, 'MEMBER WITH ADMIN OPTION') AS d) may_own) reasons
WHERE why IS NOT NULL ORDER BY n;
