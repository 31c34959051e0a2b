-- Prints the statement that ends the sessions of the databases `names` again and again, as long as they have these names:
-- they are looked up now, so that after the swap nobody's session is ended, however late it begins. A role that is no superuser may not
-- end everybody's: with `left` prints who is there then.
\set may_end 'current_setting(''is_superuser'')::bool OR ((pg_has_role(usesysid, ''USAGE'') OR pg_has_role(''pg_signal_backend'', ''USAGE'')) AND NOT (SELECT rolsuper FROM pg_roles r WHERE r.oid = usesysid))'
\if :left
SELECT string_agg(format('%s in %s (process %s)', usename, datname, pid), ', ' ORDER BY pid) FROM pg_stat_activity
WHERE datname IN (:names) AND pid <> pg_backend_pid() AND usesysid IS NOT NULL AND NOT (:may_end);
\else
SELECT format('DO %L;', format($loop$BEGIN FOR i IN 1..1200 LOOP
	EXIT WHEN NOT EXISTS (SELECT FROM pg_database WHERE (oid, datname) IN (%1$s));
	PERFORM pg_stat_clear_snapshot();
	PERFORM pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_database d ON d.oid = datid
		WHERE (d.oid, d.datname) IN (%1$s) AND pid <> pg_backend_pid() AND (%2$s);
	PERFORM pg_sleep(0.05);
END LOOP; END$loop$, string_agg(format('(%s, %L)', oid, datname), ', '), :'may_end'))
FROM pg_database WHERE datname IN (:names);
\endif
