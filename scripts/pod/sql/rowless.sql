-- Schema and name of the user's tables without a row, as an archive's table of contents has them. After sql/readers.sql. Read only, and never
-- committed: nothing that those functions run stays behind for the superuser to run.
BEGIN READ ONLY;
SELECT CASE WHEN reader IS NULL THEN format('SELECT %L WHERE NOT EXISTS (%s)', name, rows)
	ELSE format('SELECT %L FROM %s(%L, %L) WHERE n = 0', name, reader, concat_ws(', ', quote_ident(nspname), :'own_path'),
		format('SELECT count(*), NULL, NULL, NULL FROM (%s LIMIT 1) t', rows)) END
FROM (SELECT n.nspname, n.nspname || ' ' || c.relname AS name, format('SELECT FROM ONLY %I.%I', n.nspname, c.relname) AS rows, :reader AS reader
	:user_relations AND c.relkind = 'r') tables WHERE reader IS NULL OR to_regproc(reader) IS NOT NULL \gexec
ROLLBACK;
