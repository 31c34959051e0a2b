-- Makes our role, no superuser, a member of the roles `owners` (a JSON array) and of the owners of the databases `targets` (of [name, owner]), as far as it
-- has an admin option on them: since PostgreSQL 16 that alone lets nobody own things as them. Prints the statement that takes each back:
-- what it has given itself before is as it was then.
SELECT format('GRANT %I TO CURRENT_USER WITH INHERIT TRUE, SET TRUE', rolname),
	format('SELECT %L', coalesce((SELECT format('GRANT %I TO CURRENT_USER WITH INHERIT %s, SET %s;', rolname, inherit_option, set_option)
		FROM pg_auth_members m WHERE m.roleid = r.oid AND member = grantor AND pg_get_userbyid(member) = current_user), format('REVOKE %I FROM CURRENT_USER;', rolname)))
FROM pg_roles r WHERE pg_has_role(oid, 'MEMBER WITH ADMIN OPTION') AND NOT (pg_has_role(oid, 'USAGE') AND pg_has_role(oid, 'SET'))
AND (rolname IN (SELECT json_array_elements_text(:'owners')) OR oid IN (
	SELECT datdba FROM json_array_elements(:'targets') t (target) JOIN pg_database ON datname = target ->> 0)) \gexec
