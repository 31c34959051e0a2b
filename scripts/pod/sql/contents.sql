-- Lines: table TAB schema TAB name TAB owner TAB rows TAB hash TAB unlogged (true or nothing) TAB largest value of the column
-- that a sequence fills, TAB that sequence's schema TAB and name (with `full`, else nothing); extension; large_objects.
-- Strings as JSON. In a transaction that sees one state. Variables: full (hashes too, not only rows), generated (the hash
-- holds generated columns), numbers, user_relations.
--
-- A table's hash is the sum of its rows' 64-bit hashes: the order of rows does not matter, and two equal rows count
-- twice (a sum, not an exclusive or), so duplicates are safe. The text of ROW(...) tells NULL (nothing) from '' ("")
-- and quotes what needs it, so no two different rows share a text. Columns go by name: a restored table that
-- inherits may have them in another order. Materialized views hold no data of their own: a restore computes them anew.
-- So are generated columns, whose function may be another one by now; hashes of earlier sets hold them (generated). Columns
-- of regclass and its like hold numbers that name something else, or nothing, in another server (numbers: as earlier sets).
-- Fifty tables in a statement: one for each would cost more than the rows of small ones. Each statement in a
-- subtransaction that is rolled back: that frees its locks, or thousands of tables would fill the lock table.
SELECT 'SAVEPOINT batch', string_agg(one, ' UNION ALL '), 'ROLLBACK TO batch', 'RELEASE batch' FROM (SELECT format(
	CASE WHEN :full THEN 'SELECT %1$L, count(*), sum(hashtextextended(ROW(%2$s)::text COLLATE "C", 0)), %4$L, %5$s FROM ONLY %3$s t'
		ELSE 'SELECT %1$L, count(*), NULL::text, %4$L FROM ONLY %3$s t' END,
	concat_ws(E'\t', 'table', to_json(n.nspname::text), to_json(c.relname::text), to_json(pg_get_userbyid(c.relowner)::text)),
	(SELECT string_agg(format('t.%I', attname), ',' ORDER BY attname::text COLLATE "C")
		FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND (:generated OR attgenerated = '')
		AND (:numbers OR NOT EXISTS (SELECT FROM pg_type y WHERE y.oid = atttypid AND typnamespace = 'pg_catalog'::regnamespace AND typname ~ '^_?reg'))),
	format('%I.%I', n.nspname, c.relname), CASE c.relpersistence WHEN 'u' THEN 'true' END,
	coalesce((SELECT format('concat_ws(E''\t'', max(t.%I), %L)', a.attname, to_json(sn.nspname::text) || E'\t' || to_json(sc.relname::text))
		FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class sc ON sc.oid = d.objid JOIN pg_namespace sn ON sn.oid = sc.relnamespace
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
		WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND s.seqincrement > 0
		AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND (d.deptype = 'i' OR EXISTS (
			SELECT FROM pg_attrdef f JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = f.oid
			WHERE f.adrelid = c.oid AND f.adnum = a.attnum AND u.refclassid = 'pg_class'::regclass AND u.refobjid = d.objid))
		ORDER BY a.attnum LIMIT 1), 'NULL')) AS one, row_number() OVER () / 50 AS batch
:user_relations AND c.relkind = 'r') tables GROUP BY batch \gexec
SELECT 'extension', to_json(extname::text), to_json(extversion) FROM pg_extension;
\if :full
	-- In pieces of 256 KiB: a large object may be larger than memory. What it reads as counts, not its pages: holes in a
	-- sparse one come back as zeros.
	SELECT 'large_objects', (SELECT count(*) FROM pg_largeobject_metadata),
		coalesce(sum(hashtextextended(l.loid || ':' || at || ':' || encode(lo_get(l.loid, at, 262144), 'hex'), 0)), 0)
	FROM (SELECT loid, max(pageno)::bigint * 2048 + 2047 AS last FROM pg_largeobject GROUP BY loid) l,
		generate_series(0, l.last, 262144) at;
\else
	SELECT 'large_objects', count(*), NULL FROM pg_largeobject_metadata;
\endif
