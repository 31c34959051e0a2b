-- What the server holds and no set does: it would be gone after the upgrade. For template1, where CONTROL is.
SELECT what FROM (
	SELECT 'the prepared transaction ' || gid || ' (COMMIT PREPARED or ROLLBACK PREPARED ends it)' AS what FROM pg_prepared_xacts
	UNION ALL SELECT 'the template ' || datname || ' (ALTER DATABASE ... IS_TEMPLATE false makes it a database)' FROM pg_database
		WHERE datistemplate AND datname NOT IN ('template0', 'template1')
	UNION ALL SELECT 'the extension ' || extname || ' in template1 (DROP EXTENSION there; CREATE EXTENSION again afterwards)' FROM pg_extension
		WHERE extname <> 'plpgsql'
	UNION ALL SELECT 'the replication slot ' || slot_name || ' (pg_drop_replication_slot ends it)' FROM pg_replication_slots
	UNION ALL SELECT 'the subscription ' || subname || ', which would come back disabled (ALTER SUBSCRIPTION ... DISABLE accepts that)' FROM pg_subscription
		WHERE subenabled
	UNION ALL SELECT 'the database ' || datname || ', which allows no connections' FROM pg_database
		WHERE NOT datistemplate AND NOT datallowconn AND datconnlimit <> -2
	UNION ALL SELECT 'the database ' || datname || ', left over from an unfinished restore (a restore or DROP DATABASE ends it)' FROM pg_database
		WHERE datname ~ :'leftover') found ORDER BY what;
