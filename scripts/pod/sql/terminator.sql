-- Prints the statement that ends the sessions of the databases `names` again and again, as long as they have these names:
-- they are looked up now, so that after the swap nobody's session is ended, however late it begins.
SELECT format('DO %L;', format($loop$BEGIN FOR i IN 1..1200 LOOP
	EXIT WHEN NOT EXISTS (SELECT FROM pg_database WHERE (oid, datname) IN (%1$s));
	PERFORM pg_stat_clear_snapshot();
	PERFORM pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_database d ON d.oid = datid
		WHERE (d.oid, d.datname) IN (%1$s) AND pid <> pg_backend_pid();
	PERFORM pg_sleep(0.05);
END LOOP; END$loop$, string_agg(format('(%s, %L)', oid, datname), ', ')))
FROM pg_database WHERE datname IN (:names);
