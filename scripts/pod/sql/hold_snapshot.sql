-- Locks all tables against changes of their form, then prints a snapshot's name and holds both until COMMIT; or prints `locked` and
-- ends: somebody had one of them for longer than queue_wait (what waits behind us waits no longer), or has just dropped it.
-- What is asked by the snapshot goes into files in `work`: taken.`index` (between which two times it was taken), sequence.keys (schema TAB name, as
-- JSON, TAB as pg_dump names it in setval, in hexadecimal) and settings.`index` (database_settings.sql follows). Variables: queue_wait, table_wait, work, index,
-- user_relations.
--
-- Locks first: a table that was emptied or rewritten after the snapshot has no rows in it. Without locks, TRUNCATE between two
-- readers' first looks would show them different rows; hence those of tables that came meanwhile.
SELECT coalesce('LOCK TABLE ONLY ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ') || ' IN ACCESS SHARE MODE',
	'SELECT 1 WHERE false') AS lock_all
:user_relations AND c.relkind IN ('r', 'p') \gset
SET lock_timeout = :'queue_wait';
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
\set ON_ERROR_STOP 0
:lock_all;
\set ON_ERROR_STOP 1
\if :ERROR
	ROLLBACK;
	SELECT 'locked' WHERE :'LAST_ERROR_SQLSTATE' IN ('55P03', '42P01', '3F000');
	\q
\endif
SELECT pg_export_snapshot();
\o :work/taken.:index
SELECT json_build_array(now() AT TIME ZONE 'UTC', clock_timestamp() AT TIME ZONE 'UTC');
SELECT 'LOCK TABLE ONLY ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ') || ' IN ACCESS SHARE MODE'
:user_relations AND c.relkind IN ('r', 'p') HAVING count(*) > 0 \gexec
SET lock_timeout = :'table_wait';
\o :work/sequence.keys
SELECT to_json(n.nspname::text), to_json(c.relname::text),
	encode(convert_to(format('%I.%I', n.nspname, c.relname), getdatabaseencoding()), 'hex')
:user_relations AND c.relkind = 'S';
\o :work/settings.:index
