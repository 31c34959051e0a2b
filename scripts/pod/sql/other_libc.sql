-- The databases whose default collation is of another version here than when its texts were sorted, in one line.
SELECT string_agg(format('%s (%s, here %s)', datname, coalesce(datcollversion, 'unknown'), coalesce(here, 'unknown')), ', ' ORDER BY datname)
FROM (SELECT datname, datcollversion, pg_database_collation_actual_version(oid) AS here FROM pg_database WHERE datallowconn) AS known
WHERE datcollversion IS DISTINCT FROM here
