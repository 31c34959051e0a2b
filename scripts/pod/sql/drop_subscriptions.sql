-- A subscription keeps its database from being dropped. A restored one is not in use, and its slot is another's.
SELECT format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', subname), format('DROP SUBSCRIPTION %I', subname)
FROM pg_subscription JOIN pg_database d ON d.oid = subdbid AND datname = current_database() WHERE NOT subenabled \gexec
