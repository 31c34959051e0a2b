-- Schema and name of the user's tables without a row, as an archive's table of contents has them.
SELECT format('SELECT %L WHERE NOT EXISTS (SELECT FROM ONLY %I.%I)', n.nspname || ' ' || c.relname, n.nspname, c.relname)
:user_relations AND c.relkind = 'r' \gexec
