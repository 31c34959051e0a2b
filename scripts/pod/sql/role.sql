-- As whom we are here. First one line: our role (JSON) TAB whether it is a superuser TAB reads the passwords of roles TAB reads pg_largeobject TAB
-- whether the settings of our sessions reach the server, which a pooler keeps from it, TAB the server's clock. Then what no set has that this
-- role takes, a JSON string a line; nothing where it is a superuser.
SELECT to_json(current_user::text), current_setting('is_superuser'), has_table_privilege('pg_authid', 'SELECT'), has_table_privilege('pg_largeobject', 'SELECT'),
	current_setting('search_path') = 'pg_catalog' AND current_setting('row_security') = 'off', extract(epoch FROM clock_timestamp())::bigint;
SELECT to_json(what) FROM (VALUES
	(NOT has_table_privilege('pg_authid', 'SELECT'), 'the passwords of roles are not saved'),
	(EXISTS (SELECT FROM pg_subscription), 'subscriptions are not saved'),
	(NOT has_function_privilege('pg_show_all_file_settings()', 'EXECUTE'), 'what ALTER SYSTEM has set is not saved')) limits (so, what)
WHERE so AND current_setting('is_superuser') = 'off';
