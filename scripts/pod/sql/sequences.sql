-- Lines: sequence TAB schema TAB name TAB last value TAB is called. Values as they stand: only where nobody writes, that
-- is after a restore.
SELECT format('SELECT %L, last_value, CASE WHEN is_called THEN ''true'' ELSE ''false'' END FROM %I.%I',
	concat_ws(E'\t', 'sequence', to_json(n.nspname::text), to_json(c.relname::text)), n.nspname, c.relname)
:user_relations AND c.relkind = 'S' \gexec
