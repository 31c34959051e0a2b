-- Before rows that come in late, when their table has its triggers: those that fire in a restore too are off meanwhile.
CREATE TEMP TABLE asleep AS SELECT tgrelid::regclass AS name, tgname, CASE tgenabled WHEN 'A' THEN 'ALWAYS' ELSE 'REPLICA' END AS fires
FROM pg_catalog.pg_trigger WHERE tgenabled IN ('A', 'R') AND NOT tgisinternal;
DO $$ DECLARE t record; BEGIN
	FOR t IN SELECT * FROM pg_temp.asleep LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t.name, t.tgname); END LOOP;
END $$;
