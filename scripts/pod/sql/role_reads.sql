-- What a role that is no superuser does not read of this database. Lines: cannot TAB a sentence, for what pg_dump would fail of; limit TAB a
-- JSON string, for what it leaves out. Variable: user_relations.
WITH relations AS (
	SELECT c.oid, c.relkind, n.oid AS schema, format('%I.%I', nspname, relname) AS name :user_relations AND c.relkind IN ('r', 'p', 'S')
	UNION ALL SELECT c.oid, c.relkind, n.oid, format('%I.%I', nspname, relname)
	FROM pg_extension, unnest(extconfig) AS config JOIN pg_class c ON c.oid = config JOIN pg_namespace n ON n.oid = c.relnamespace),
found AS (
	SELECT name, relkind, has_schema_privilege(schema, 'USAGE') AND has_table_privilege(oid, 'SELECT') AS readable, row_security_active(oid) AS hidden
	FROM relations),
-- PostgreSQL 16 has no function that tells.
objects AS (
	SELECT l.oid, rolname AS owner, rolsuper FROM pg_largeobject_metadata l JOIN pg_roles r ON r.oid = lomowner
	WHERE current_setting('lo_compat_privileges') = 'off' AND NOT EXISTS (SELECT FROM aclexplode(coalesce(lomacl, acldefault('L', lomowner))) a
		WHERE privilege_type = 'SELECT' AND (grantee = 0 OR pg_has_role(grantee, 'USAGE'))))
SELECT 'cannot', format('it may not read %s (the way: GRANT pg_read_all_data TO %I)', concat(string_agg(name, ', ' ORDER BY name) FILTER (WHERE n <= 3),
	CASE WHEN count(*) > 3 THEN ' and ' || count(*) - 3 || ' more' END), current_user)
FROM (SELECT name, row_number() OVER (ORDER BY name) AS n FROM found WHERE NOT readable) f HAVING count(*) > 0
UNION ALL SELECT 'cannot', format('row security hides rows of %s from it (the way: ALTER ROLE %I BYPASSRLS)', concat(string_agg(name, ', ' ORDER BY name)
	FILTER (WHERE n <= 3), CASE WHEN count(*) > 3 THEN ' and ' || count(*) - 3 || ' more' END), current_user)
FROM (SELECT name, row_number() OVER (ORDER BY name) AS n FROM found WHERE readable AND hidden AND relkind = 'r') f HAVING count(*) > 0
UNION ALL SELECT 'cannot', format('it may not read %s large objects of %s, as number %s (the way: GRANT %s TO %I)', count(*), owner, min(oid),
	CASE WHEN rolsuper THEN concat('SELECT ON LARGE OBJECT ', min(oid), CASE WHEN count(*) > 1 THEN ', ...' END) ELSE quote_ident(owner) END, current_user)
FROM objects GROUP BY owner, rolsuper
UNION ALL SELECT 'limit', to_json(format('the options, if any, of others'' user mappings in database %s are not saved', current_database()))::text
WHERE EXISTS (SELECT FROM pg_user_mappings WHERE umoptions IS NULL);
