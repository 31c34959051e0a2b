-- After sql/triggers_asleep.sql, in the same session.
DO $$ DECLARE t record; BEGIN
	FOR t IN SELECT * FROM pg_temp.asleep LOOP EXECUTE format('ALTER TABLE %s ENABLE %s TRIGGER %I', t.name, t.fires, t.tgname); END LOOP;
END $$;
