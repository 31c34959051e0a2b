-- In a transaction that ends with ROLLBACK: makes objects of this database anew from the definitions on stdin (classid, objid,
-- kind, definition as a JSON string), beside what is there, and prints "remade" TAB classid TAB objid TAB the new one's classid
-- TAB objid. What cannot be made is not told. Nothing of the user's runs meanwhile: no event trigger, and on tables without rows.
CREATE TEMP TABLE remade (n int GENERATED ALWAYS AS IDENTITY, class oid, id oid, kind text, definition text, made oid);
\copy pg_temp.remade (class, id, kind, definition) FROM pstdin (FORMAT csv, DELIMITER E'\t', QUOTE E'\x01')
DO $$
DECLARE
	r record;
	t regclass;
	name text;
	new text;
BEGIN
	FOR r IN SELECT evtname FROM pg_event_trigger LOOP
		EXECUTE format('ALTER EVENT TRIGGER %I DISABLE', r.evtname);
	END LOOP;
	CREATE SCHEMA brewget_remade;
	FOR r IN SELECT n, class, id, kind, definition::json #>> '{}' AS text FROM pg_temp.remade LOOP
		name := 'brewget_' || r.n;
		new := 'brewget_remade.' || name;
		BEGIN
			t := CASE r.class
				WHEN 1259 THEN coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = r.id), r.id)
				WHEN 2604 THEN (SELECT adrelid FROM pg_attrdef WHERE oid = r.id)
				WHEN 2606 THEN (SELECT conrelid FROM pg_constraint WHERE oid = r.id)
				WHEN 2620 THEN (SELECT tgrelid FROM pg_trigger WHERE oid = r.id)
				WHEN 3256 THEN (SELECT polrelid FROM pg_policy WHERE oid = r.id)
				WHEN 3350 THEN r.id
				WHEN 6106 THEN (SELECT prrelid FROM pg_publication_rel WHERE oid = r.id) END;
			IF r.kind IN ('index', 'default', 'exclusion constraint') THEN
				EXECUTE format('CREATE TABLE %s (LIKE %s)', new, t);
			END IF;
			CASE r.kind
			WHEN 'view', 'materialized view' THEN
				EXECUTE format('CREATE VIEW %s AS %s', new, r.text);
				UPDATE pg_temp.remade SET made = new::regclass WHERE n = r.n;
			WHEN 'index' THEN
				EXECUTE regexp_replace(r.text, '(UNIQUE |)USING', format('CREATE \1INDEX %I ON %s USING', name || '_index', new));
				UPDATE pg_temp.remade SET made = (new || '_index')::regclass WHERE n = r.n;
			WHEN 'partition key' THEN
				EXECUTE format('CREATE TABLE %s (LIKE %s) %s', new, t, r.text);
				UPDATE pg_temp.remade SET made = new::regclass WHERE n = r.n;
			WHEN 'default' THEN
				IF r.text LIKE 'DEFAULT %' THEN
					EXECUTE (SELECT format('ALTER TABLE %s ALTER %I SET %s', new, attname, r.text) FROM pg_attrdef d
						JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.oid = r.id);
				ELSE
					EXECUTE (SELECT format('ALTER TABLE %s ADD %I %s %s', new, name, format_type(a.atttypid, a.atttypmod), r.text) FROM pg_attrdef d
						JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.oid = r.id);
				END IF;
				UPDATE pg_temp.remade SET made = (SELECT oid FROM pg_attrdef WHERE adrelid = new::regclass) WHERE n = r.n;
			WHEN 'check constraint' THEN
				EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', t, name, r.text);
				UPDATE pg_temp.remade SET made = (SELECT oid FROM pg_constraint WHERE conrelid = t AND conname = name) WHERE n = r.n;
			WHEN 'exclusion constraint' THEN
				EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', new, name || '_index', r.text);
				UPDATE pg_temp.remade SET made = (SELECT oid FROM pg_constraint WHERE conrelid = new::regclass AND contype = 'x') WHERE n = r.n;
			WHEN 'domain constraint' THEN
				EXECUTE (SELECT format('ALTER DOMAIN %s ADD CONSTRAINT %I %s NOT VALID', format_type(contypid, NULL), name, r.text)
					FROM pg_constraint WHERE oid = r.id);
				UPDATE pg_temp.remade SET made = (SELECT oid FROM pg_constraint WHERE conname = name AND contypid <> 0) WHERE n = r.n;
			WHEN 'domain' THEN
				EXECUTE format('CREATE DOMAIN %s %s', new, r.text);
				UPDATE pg_temp.remade SET made = new::regtype WHERE n = r.n;
			WHEN 'trigger' THEN
				EXECUTE regexp_replace(r.text, 'TRIGGER ', format('TRIGGER %I ', name));
				UPDATE pg_temp.remade SET made = (SELECT oid FROM pg_trigger WHERE tgrelid = t AND tgname = name) WHERE n = r.n;
			WHEN 'policy' THEN
				EXECUTE format('CREATE POLICY %I ON %s %s', name, t, r.text);
				UPDATE pg_temp.remade SET made = (SELECT oid FROM pg_policy WHERE polrelid = t AND polname = name) WHERE n = r.n;
			WHEN 'rule' THEN
				EXECUTE regexp_replace(r.text, 'CREATE RULE', 'CREATE OR REPLACE RULE');
				UPDATE pg_temp.remade SET made = id WHERE n = r.n;
			WHEN 'function', 'procedure' THEN
				EXECUTE r.text;
				UPDATE pg_temp.remade SET made = id WHERE n = r.n;
			WHEN 'statistics' THEN
				EXECUTE (SELECT format('DROP STATISTICS %I.%I', nspname, stxname) FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = stxnamespace WHERE s.oid = r.id);
				EXECUTE r.text;
				UPDATE pg_temp.remade SET made = (SELECT max(oid) FROM pg_statistic_ext) WHERE n = r.n;
			WHEN 'publication table' THEN
				EXECUTE (SELECT format('ALTER PUBLICATION %1$I DROP TABLE ONLY %2$s', pubname, t)
					FROM pg_publication_rel x JOIN pg_publication p ON p.oid = prpubid WHERE x.oid = r.id);
				EXECUTE (SELECT format('ALTER PUBLICATION %1$I ADD TABLE ONLY %2$s', pubname, r.text)
					FROM pg_publication_rel x JOIN pg_publication p ON p.oid = prpubid WHERE x.oid = r.id);
				UPDATE pg_temp.remade SET made = (SELECT max(oid) FROM pg_publication_rel WHERE prrelid = t) WHERE n = r.n;
			END CASE;
		EXCEPTION WHEN others THEN
			NULL; -- The difference stays.
		END;
	END LOOP;
END $$;
SELECT 'remade', class, id, class, made FROM pg_temp.remade WHERE made IS NOT NULL;
