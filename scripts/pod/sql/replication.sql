-- The statements that end what moved aside with the database `name` and goes on: a slot keeps WAL until the disk is full,
-- a subscription consumes what was meant for the restored one.
SELECT format('SELECT pg_drop_replication_slot(%L);', slot_name) FROM pg_replication_slots WHERE database = :'name'
UNION ALL SELECT format('ALTER SUBSCRIPTION %I DISABLE;', subname) FROM pg_subscription JOIN pg_database d ON d.oid = subdbid
	WHERE datname = :'name' AND subenabled;
