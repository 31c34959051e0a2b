-- Tables of this database that others have for themselves alone, or wait for, and who: for a message.
SELECT string_agg(DISTINCT format('%s (process %s of %s)', c.oid::regclass, a.pid, a.usename), ', ')
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p') AND c.oid >= 16384 JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.mode = 'AccessExclusiveLock';
