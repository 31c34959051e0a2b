-- For the check constraints of table `name` and of its columns' domains, into files in `work`: statements that drop them
-- (checks.drop), that add them again, not validated (checks.add), and for each that was valid (checks.validate) the statement
-- that validates it TAB a query for what is not valid then, on the tables below too. An inherited constraint belongs to the
-- table above.
CREATE TEMP TABLE checks AS
WITH RECURSIVE above(oid) AS (
	SELECT :'name'::regclass::oid UNION SELECT inhparent FROM pg_inherits JOIN above ON inhrelid = above.oid),
domains(oid) AS (
	SELECT atttypid FROM pg_attribute WHERE attrelid = :'name'::regclass AND attnum > 0 AND NOT attisdropped
	UNION SELECT part.oid FROM domains JOIN pg_type t ON t.oid = domains.oid, LATERAL (
		SELECT CASE WHEN typtype = 'd' THEN typbasetype ELSE typelem END
		UNION SELECT atttypid FROM pg_attribute WHERE attrelid = typrelid AND typrelid <> 0 AND attnum > 0 AND NOT attisdropped
		UNION SELECT rngsubtype FROM pg_range WHERE t.oid IN (rngtypid, rngmultitypid)) part(oid))
SELECT conname, convalidated, pg_get_constraintdef(c.oid) AS definition,
	CASE WHEN conrelid <> 0 THEN format('TABLE %s', conrelid::regclass) ELSE format('DOMAIN %s', contypid::regtype) END AS owner,
	contypid, conrelid, obj_description(c.oid, 'pg_constraint') AS comment
FROM pg_constraint c WHERE contype = 'c' AND coninhcount = 0
AND (conrelid IN (SELECT oid FROM above) OR contypid IN (SELECT oid FROM domains WHERE oid <> 0));
\o :work/checks.drop
SELECT format('ALTER %s DROP CONSTRAINT %I;', owner, conname) FROM checks;
\o :work/checks.add
SELECT format('ALTER %s ADD CONSTRAINT %I %s%s;', owner, conname, definition, CASE WHEN convalidated THEN ' NOT VALID' END) FROM checks;
SELECT format('COMMENT ON CONSTRAINT %I ON %s IS %L;', conname, CASE WHEN conrelid <> 0 THEN conrelid::regclass::text ELSE 'DOMAIN ' || contypid::regtype END, comment)
FROM checks WHERE comment IS NOT NULL;
\o :work/checks.validate
SELECT format('ALTER %s VALIDATE CONSTRAINT %I', owner, conname),
	format('SELECT to_json(identity) FROM pg_constraint c, pg_identify_object(''pg_constraint''::regclass, c.oid, 0) WHERE conname = %L AND contypid = %s AND NOT convalidated'
		' AND conrelid IN (WITH RECURSIVE below(oid) AS (SELECT %s::oid UNION SELECT inhrelid FROM pg_inherits JOIN below ON inhparent = below.oid) SELECT oid FROM below)',
		conname, contypid, conrelid)
FROM checks WHERE convalidated;
