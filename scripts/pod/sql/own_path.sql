-- The search_path that the application's sessions have, then the schema of what is made (its neighbours are meant, where others
-- have something of the same name), the extensions' schemas and all others: for what names something without its schema.
SELECT pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ',
	(SELECT pg_catalog.substr(c, 13) FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase,
		pg_catalog.unnest(setconfig) c WHERE setrole = 0 AND datname = pg_catalog.current_database() AND c LIKE 'search\_path=%'),
	pg_catalog.quote_ident(nullif(pg_catalog.current_setting('brewget.schema', true), '')), 'public',
	(SELECT pg_catalog.string_agg(pg_catalog.quote_ident(nspname), ', ' ORDER BY extname)
		FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace WHERE nspname <> 'pg_catalog'),
	(SELECT pg_catalog.string_agg(pg_catalog.quote_ident(nspname), ', ' ORDER BY nspname)
		FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')), false);
