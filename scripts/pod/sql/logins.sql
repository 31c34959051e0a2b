-- role TAB database, as JSON: each role that may log in, and each database that is its own or was granted to it.
SELECT to_json(r.rolname::text), to_json(d.datname::text) FROM pg_roles r, pg_database d
WHERE r.rolcanlogin AND r.rolconnlimit <> 0 AND (r.rolvaliduntil IS NULL OR r.rolvaliduntil > now()) AND d.datallowconn AND NOT d.datistemplate AND d.datconnlimit <> 0
AND (d.datdba = r.oid OR EXISTS (SELECT FROM aclexplode(d.datacl) a
	WHERE a.privilege_type = 'CONNECT' AND a.grantee <> 0 AND pg_has_role(r.oid, a.grantee, 'USAGE'))
	OR (d.datname = 'postgres' AND has_database_privilege(r.oid, d.oid, 'CONNECT')))
AND has_database_privilege(r.oid, d.oid, 'CONNECT') ORDER BY r.rolname, d.datname;
