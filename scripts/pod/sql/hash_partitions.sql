-- Lines: partition TAB schema TAB name TAB schema and name of the topmost table above it whose rows are distributed by a
-- hash.
SELECT * FROM (SELECT 'partition', to_json(n.nspname::text), to_json(c.relname::text), (
	SELECT concat_ws(E'\t', to_json(s.nspname::text), to_json(r.relname::text))
	FROM pg_partition_ancestors(c.oid) WITH ORDINALITY a(relid, level) JOIN pg_partitioned_table p ON p.partrelid = a.relid
	JOIN pg_class r ON r.oid = a.relid JOIN pg_namespace s ON s.oid = r.relnamespace
	WHERE p.partstrat = 'h' ORDER BY level DESC LIMIT 1) AS above
:user_relations AND c.relkind = 'r' AND c.relispartition) found WHERE above IS NOT NULL;
