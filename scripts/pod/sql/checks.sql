-- For the check constraints of table `name` and of its columns' domains, into files in `work`: statements that drop them
-- (checks.drop), that add them again (checks.add, twice each: validated, then NOT VALID), and that list those which are
-- not valid then (checks.left). An inherited constraint belongs to the table above.
CREATE TEMP TABLE checks AS
WITH RECURSIVE above(oid) AS (
	SELECT :'name'::regclass::oid UNION SELECT inhparent FROM pg_inherits JOIN above ON inhrelid = above.oid),
domains(oid) AS (
	SELECT atttypid FROM pg_attribute WHERE attrelid = :'name'::regclass AND attnum > 0 AND NOT attisdropped
	UNION SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END FROM pg_type t JOIN domains ON t.oid = domains.oid
		WHERE t.typtype = 'd' OR t.typelem <> 0)
SELECT conname, convalidated, pg_get_constraintdef(c.oid) AS definition,
	CASE WHEN conrelid <> 0 THEN format('TABLE %s', conrelid::regclass) ELSE format('DOMAIN %s', contypid::regtype) END AS owner,
	contypid, conrelid
FROM pg_constraint c WHERE contype = 'c' AND coninhcount = 0
AND (conrelid IN (SELECT oid FROM above) OR contypid IN (SELECT oid FROM domains WHERE oid <> 0));
\o :work/checks.drop
SELECT format('ALTER %s DROP CONSTRAINT %I;', owner, conname) FROM checks;
\o :work/checks.add
SELECT format('ALTER %s ADD CONSTRAINT %I %s%s;', owner, conname, definition, later)
FROM checks, (VALUES (1, ''), (2, ' NOT VALID')) tries(n, later) WHERE n = 1 OR convalidated ORDER BY conname, n;
\o :work/checks.left
SELECT format('SELECT to_json(identity) FROM pg_constraint c, pg_identify_object(''pg_constraint''::regclass, c.oid, 0) WHERE conname = %L AND conrelid = %s AND contypid = %s AND NOT convalidated;',
	conname, conrelid, contypid) FROM checks WHERE convalidated;
