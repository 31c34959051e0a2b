-- Prints a snapshot's name and holds it, with all tables locked against changes of their form, until COMMIT; prints "held"
-- when what is asked by it lies in the files `keys` (of sequences: schema TAB name TAB as pg_dump writes it in setval, all
-- as JSON) and `settings` (database_settings.sql). Variables: wait, keys, settings, user_relations.
SET lock_timeout = :'wait';
SET idle_in_transaction_session_timeout = 0;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot();
-- Without the locks, TRUNCATE between two readers' first looks would show them different rows.
SELECT 'LOCK TABLE ONLY ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ') || ' IN ACCESS SHARE MODE'
:user_relations AND c.relkind = 'r' HAVING count(*) > 0 \gexec
\o :keys
SELECT to_json(n.nspname::text), to_json(c.relname::text), to_json(format('%I.%I', n.nspname, c.relname))
:user_relations AND c.relkind = 'S';
\o :settings
