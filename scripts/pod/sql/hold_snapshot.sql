-- Prints a snapshot's name and holds it, with all tables locked against changes of their form, until COMMIT. What is asked
-- by it goes into files in `work`: sequence.keys (schema TAB name, as JSON, TAB as pg_dump names it in setval, in
-- hexadecimal) and settings.`index` (database_settings.sql follows). Variables: wait, work, index, user_relations.
SET lock_timeout = :'wait';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot();
-- Without the locks, TRUNCATE between two readers' first looks would show them different rows.
SELECT 'LOCK TABLE ONLY ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ') || ' IN ACCESS SHARE MODE'
:user_relations AND c.relkind IN ('r', 'p') HAVING count(*) > 0 \gexec
\o :work/sequence.keys
SELECT to_json(n.nspname::text), to_json(c.relname::text),
	encode(convert_to(format('%I.%I', n.nspname, c.relname), getdatabaseencoding()), 'hex')
:user_relations AND c.relkind = 'S';
\o :work/settings.:index
