-- Lines: table TAB schema TAB name TAB owner TAB rows TAB hash TAB unlogged (true or nothing) TAB how many rows are long (with
-- by_column) TAB largest value of the column that a sequence fills, TAB that sequence's schema TAB and name; unread TAB schema
-- TAB name TAB why, for a table that could not be read (then without rows); extension; large_objects. Strings as JSON. After
-- sql/readers.sql. Variables: full (hashes too, not only rows), generated (the hash holds generated columns), numbers, by_column (all
-- three: as earlier sets, or not), sees_objects (may read pg_largeobject), held (in a transaction that is held open beside pg_dump, else in one of its own), own_path,
-- user_relations.
--
-- A table's hash is the sum of its rows' 64-bit hashes: the order of rows does not matter, and two equal rows count
-- twice (a sum, not an exclusive or), so duplicates are safe. The text of ROW(...) tells NULL (nothing) from '' ("")
-- and quotes what needs it, so no two different rows share a text. Columns go by name: a restored table that
-- inherits may have them in another order. Materialized views hold no data of their own: a restore computes them anew.
-- So are generated columns, whose function may be another one by now; hashes of earlier sets hold them (generated). Columns
-- of regclass and its like hold numbers that name something else, or nothing, in another server (numbers: as earlier sets).
-- The text of a long row takes several times its size in memory, and above 1 GB there is none: it is hashed column by column
-- (by_column; not in earlier sets). Long is one with more than 8 MiB of text and bytea, whose lengths cost nothing to ask, or with
-- another value whose text is beyond 64 MiB. No compression packs 255 to 1: short ones are told without looking, most tables
-- by their TOAST.
-- Tables whose planning runs functions that are not PostgreSQL's are read as their owner.
-- Fifty tables in a statement: one for each would cost more than the rows of small ones. Each statement in a
-- subtransaction that is rolled back: that frees its locks, or thousands of tables would fill the lock table, and takes back what a
-- function has set. Those read as their owner apart: no other processes can help a statement that calls our function.
\if :held
	\if :full
	\else
		-- Counting is done long before the dump is: workers would only take processors away from it.
		SET max_parallel_workers_per_gather = 0;
	\endif
\else
	BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
\endif
SELECT 'SAVEPOINT batch', string_agg(one, ' UNION ALL '), 'ROLLBACK TO batch', 'RELEASE batch' FROM (SELECT format(
	'SELECT %L, n, hash, %L, long, concat(concat_ws(E''\t'', last, %L), E''\nunread\t'' || %L || E''\t'' || to_json(why)::text) FROM %s r',
	concat_ws(E'\t', 'table', named, to_json(pg_get_userbyid(relowner)::text)), CASE relpersistence WHEN 'u' THEN 'true' END, sequence, named,
	CASE WHEN NOT by_owner THEN format('(SELECT *, NULL::text AS why FROM (%s) t)', query)
		WHEN to_regproc(reader) IS NOT NULL THEN format('%s(%L, %L)', reader, concat_ws(', ', quote_ident(nspname), :'own_path'), query)
		ELSE '(SELECT NULL::bigint AS n, NULL::numeric AS hash, NULL::bigint AS long, NULL::bigint AS last,
			''no function could be made to read it as its owner''::text AS why)' END) AS one,
	by_owner, row_number() OVER (PARTITION BY by_owner) / 50 AS batch
FROM (SELECT c.*, reader IS NOT NULL AS by_owner, sequence, to_json(nspname::text) || E'\t' || to_json(relname::text) AS named,
	format('SELECT count(*) AS n, %s AS hash, %s AS long, %s AS last FROM ONLY %I.%I t%s',
		CASE WHEN NOT :full THEN 'NULL::numeric' ELSE format('sum(hashtextextended(%s COLLATE "C", 0::bigint))',
			CASE WHEN is_long IS NULL THEN format('ROW(%s)::text', whole)
				ELSE format('CASE WHEN %s THEN ROW(%s)::text ELSE ROW(%s)::text END', is_long, parts, whole) END) END,
		coalesce('count(*) FILTER (WHERE ' || is_long || ')', 'NULL::bigint'),
		coalesce('max(t.' || quote_ident(attname) || ')::bigint', 'NULL::bigint'), nspname, relname,
		-- Written once for its length and its hash: each time takes several times its size.
		', LATERAL (SELECT ' || texts || ' OFFSET 0) x') AS query
FROM (SELECT c.*, nspname, :reader AS reader, CASE WHEN :full AND :by_column THEN pg_relation_size(nullif(reltoastrelid, 0)) END AS toast
	:user_relations AND c.relkind = 'r') c CROSS JOIN LATERAL (
		SELECT string_agg(item, ',' ORDER BY name) AS whole,
			string_agg(CASE kind WHEN 'text' THEN format('hashtextextended(%s::text COLLATE "C", 0::bigint)', item)
				WHEN 'bytea' THEN format('sha256(%s)', item)
				WHEN 'other' THEN format('hashtextextended(coalesce(x.%s, %s) COLLATE "C", 0::bigint)', text, written)
				ELSE item END, ',' ORDER BY name) FILTER (WHERE toast > 32768) AS parts,
			string_agg(format('CASE WHEN pg_column_size(%s) > 262144 THEN %s END AS %s', item, written, text), ',')
				FILTER (WHERE kind = 'other' AND toast > 32768) AS texts,
			CASE WHEN toast > 32768 THEN nullif(concat_ws(' OR ',
				string_agg(format('coalesce(octet_length(%s), 0)', item), ' + ') FILTER (WHERE kind IN ('text', 'bytea')) || ' > 8388608',
				string_agg(format('octet_length(x.%s) > 67108864', text), ' OR ') FILTER (WHERE kind = 'other')), '') END AS is_long
		FROM (SELECT format('t.%I', attname) AS item, attname::text COLLATE "C" AS name, 'text' || attnum AS text,
				-- Not by ::text where its owner may have made a cast of his own.
				format(CASE WHEN typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' THEN 't.%I::text' ELSE 'ROW(t.%I)::text' END,
					attname) AS written,
				CASE WHEN atttypid IN ('text'::regtype, 'varchar'::regtype) THEN 'text' WHEN atttypid = 'bytea'::regtype THEN 'bytea'
					WHEN typlen = -1 AND attstorage <> 'p' THEN 'other' END AS kind
			FROM pg_attribute JOIN pg_type y ON y.oid = atttypid
			WHERE :full AND attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND (:generated OR attgenerated = '') AND (:numbers OR NOT (typnamespace = 'pg_catalog'::regnamespace AND typname ~ '^_?reg'))) a) columns
LEFT JOIN LATERAL (SELECT attname, to_json(sn.nspname::text) || E'\t' || to_json(sc.relname::text) AS sequence
	FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class sc ON sc.oid = d.objid JOIN pg_namespace sn ON sn.oid = sc.relnamespace
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
	WHERE :full AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND s.seqincrement > 0
	AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND (d.deptype = 'i' OR EXISTS (
		SELECT FROM pg_attrdef f JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = f.oid
		WHERE f.adrelid = c.oid AND f.adnum = a.attnum AND u.refclassid = 'pg_class'::regclass AND u.refobjid = d.objid))
	ORDER BY a.attnum LIMIT 1) filled ON true) found) tables GROUP BY by_owner, batch \gexec
SELECT 'extension', to_json(extname::text), to_json(extversion) FROM pg_extension;
\if :full
	-- In pieces of 256 KiB: a large object may be larger than memory. What it reads as counts, not its pages: holes in a
	-- sparse one come back as zeros.
	SELECT 'large_objects', (SELECT count(*) FROM pg_largeobject_metadata),
		coalesce(sum(hashtextextended(l.loid || ':' || at || ':' || encode(lo_get(l.loid, at, 262144), 'hex'), 0)), 0)
	FROM
	\if :sees_objects
		(SELECT loid, max(pageno)::bigint * 2048 + 2047 AS last FROM pg_largeobject GROUP BY loid) l,
	\else
		-- Opened to read (262144), sought to its end (2) and closed, which is 0.
		(SELECT loid, lo_lseek64(f, 0, 2) + lo_close(f) - 1 AS last FROM (SELECT oid AS loid, lo_open(oid, 262144) AS f FROM pg_largeobject_metadata OFFSET 0) o OFFSET 0) l,
	\endif
		generate_series(0, l.last, 262144) at;
\else
	SELECT 'large_objects', count(*), NULL FROM pg_largeobject_metadata;
\endif
\if :held
\else
	COMMIT;
\endif
