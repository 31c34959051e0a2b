-- Prints what a database has beyond a freshly created one, at most 5 names; nothing = empty.
-- Through pg_depend: whatever kind of object a later PostgreSQL invents, it hangs on a schema or an owner. Parts of
-- another object (row and array types, TOAST tables, indexes) do not count: that is listed itself, and where it belongs to
-- an extension, its parts do not say so.
WITH members AS (SELECT classid, objid FROM pg_depend WHERE deptype IN ('e', 'i')),
objects AS (
	SELECT 'pg_class'::regclass AS classid, oid, 'relation ' || relname AS what FROM pg_class
		WHERE relpersistence <> 't' AND relkind NOT IN ('i', 'I')
	UNION ALL SELECT 'pg_proc'::regclass, oid, 'function ' || proname FROM pg_proc
	UNION ALL SELECT 'pg_type'::regclass, oid, 'type ' || typname FROM pg_type
	UNION ALL SELECT 'pg_namespace'::regclass, oid, 'schema ' || nspname FROM pg_namespace
		WHERE nspname <> 'public' AND nspname !~ '^pg_(toast_)?temp_'
	UNION ALL SELECT 'pg_operator'::regclass, oid, 'operator ' || oprname FROM pg_operator
	UNION ALL SELECT 'pg_opclass'::regclass, oid, 'operator class ' || opcname FROM pg_opclass
	UNION ALL SELECT 'pg_opfamily'::regclass, oid, 'operator family ' || opfname FROM pg_opfamily
	UNION ALL SELECT 'pg_collation'::regclass, oid, 'collation ' || collname FROM pg_collation
	UNION ALL SELECT 'pg_conversion'::regclass, oid, 'conversion ' || conname FROM pg_conversion
	UNION ALL SELECT 'pg_cast'::regclass, oid, 'cast' FROM pg_cast
	UNION ALL SELECT 'pg_language'::regclass, oid, 'language ' || lanname FROM pg_language
	UNION ALL SELECT 'pg_ts_config'::regclass, oid, 'text search ' || cfgname FROM pg_ts_config
	UNION ALL SELECT 'pg_ts_dict'::regclass, oid, 'text search ' || dictname FROM pg_ts_dict
	UNION ALL SELECT 'pg_ts_parser'::regclass, oid, 'text search ' || prsname FROM pg_ts_parser
	UNION ALL SELECT 'pg_ts_template'::regclass, oid, 'text search ' || tmplname FROM pg_ts_template
	UNION ALL SELECT 'pg_am'::regclass, oid, 'access method ' || amname FROM pg_am
	UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'foreign data wrapper ' || fdwname FROM pg_foreign_data_wrapper
	UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 'foreign server ' || srvname FROM pg_foreign_server
	UNION ALL SELECT 'pg_event_trigger'::regclass, oid, 'event trigger ' || evtname FROM pg_event_trigger
	UNION ALL SELECT 'pg_publication'::regclass, oid, 'publication ' || pubname FROM pg_publication
	UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, 'statistics ' || stxname FROM pg_statistic_ext
	UNION ALL SELECT 'pg_transform'::regclass, oid, 'transform' FROM pg_transform
	UNION ALL SELECT 'pg_subscription'::regclass, oid, 'subscription ' || subname FROM pg_subscription
		WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
	UNION ALL SELECT 'pg_default_acl'::regclass, oid, 'default privileges' FROM pg_default_acl
	-- Its creator chooses a large object's number.
	UNION ALL SELECT 'pg_largeobject'::regclass, 4294967295, 'large object ' || oid FROM pg_largeobject_metadata)
SELECT what FROM objects o
-- 16384 is the first number that is not PostgreSQL's own (FirstNormalObjectId).
WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM members m WHERE m.classid = o.classid AND m.objid = o.oid)
LIMIT 5;
-- Rows that an extension has marked as the user's own (pg_extension_config_dump).
SELECT format('SELECT %L FROM ONLY %s %s LIMIT 1', 'rows of extension ' || extname, c.oid::regclass, filter)
FROM pg_extension, unnest(extconfig, extcondition) AS own(table_, filter) JOIN pg_class c ON c.oid = table_ AND relkind = 'r' \gexec
