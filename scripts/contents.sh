#!/usr/bin/env bash
# What is in a database, as sorted lines that can be compared: taken in the dump's snapshot for the manifest, and
# again after a restore (compare.sh). Also whether a database is empty. Sourced, never run.
[[ -z "${CONTENTS_SH_READ:-}" ]] || return 0
CONTENTS_SH_READ=1

# shellcheck source=sets.sh
source "${BASH_SOURCE[0]%/*}/sets.sh"

# Objects of the system and of extensions are not the user's: an extension brings its own.
USER_RELATIONS="
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"

# The names of databases that a restore makes beside and puts aside; nobody else uses such names.
LEFTOVER='^brewget_(load|drop)_[0-9]{8}_[0-9]{6}_[0-9]+$'

# usage: session_settings   A row's text depends on these.
session_settings() {
	cat <<'SQL' || return 1
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3;
SET bytea_output = 'hex'; SET search_path = pg_catalog; SET lc_monetary = 'C'; SET xmloption = 'content';
SET quote_all_identifiers = off; SET synchronize_seqscans = off; SET jit = off;
SQL
	printf '%s\n' "$NO_TIME_LIMIT"
}

# usage: contents_sql full|rows [SNAPSHOT] [generated]
# Lines: table TAB schema TAB name TAB owner TAB rows TAB hash; extension; large_objects. Strings as JSON.
#
# A table's hash is the sum of its rows' 64-bit hashes: the order of rows does not matter, and two equal rows count
# twice (a sum, not an exclusive or), so duplicates are safe. The text of ROW(...) tells NULL (nothing) from '' ("")
# and quotes what needs it, so no two different rows share a text. Columns go by name: a restored table that
# inherits may have them in another order. Materialized views are no data of their own: a restore computes them anew.
# So are generated columns, whose function may be another one by now; hashes of earlier sets hold them (generated).
contents_sql() {
	local hash='NULL::text' snapshot="${2:-}" columns="AND attgenerated = ''" objects

	# Not inside the text below: there a failure would be lost.
	objects="$(large_objects_sql "$1")" || return 1
	# shellcheck disable=SC2016 # the dollar is format()'s
	[[ "$1" != full ]] || hash='sum(hashtextextended(ROW(%2$s)::text COLLATE "C", 0))'
	[[ -z "${3:-}" ]] || columns=""
	session_settings || return 1
	echo "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
	if [[ -n "$snapshot" ]]; then
		echo "SET TRANSACTION SNAPSHOT '$snapshot';"
		# Counting is done long before the dump is: workers would only take processors away from it.
		[[ "$1" == full ]] || echo "SET max_parallel_workers_per_gather = 0;"
	fi
	# Fifty tables in a statement: one for each would cost more than the rows of small ones. Each statement in a
	# subtransaction that is rolled back: that frees its locks, or thousands of tables would fill the lock table.
	cat <<SQL
SELECT 'SAVEPOINT batch', string_agg(one, ' UNION ALL '), 'ROLLBACK TO batch', 'RELEASE batch' FROM (SELECT format(
	'SELECT %1\$L, count(*), $hash FROM ONLY %3\$s t',
	concat_ws(E'\t', 'table', to_json(n.nspname::text), to_json(c.relname::text), to_json(pg_get_userbyid(c.relowner)::text)),
	(SELECT string_agg(format('t.%I', attname), ',' ORDER BY attname::text COLLATE "C")
		FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped $columns),
	format('%I.%I', n.nspname, c.relname)) AS one, row_number() OVER () / 50 AS batch
$USER_RELATIONS AND c.relkind = 'r') tables GROUP BY batch \\gexec
SELECT 'extension', to_json(extname::text), to_json(extversion) FROM pg_extension;
$objects
COMMIT;
SQL
}

# usage: large_objects_sql full|rows   In pieces of 256 KiB: a large object may be larger than memory. What it reads
# as counts, not its pages: holes in a sparse one come back as zeros.
large_objects_sql() {
	if [[ "$1" == rows ]]; then
		echo "SELECT 'large_objects', count(*), NULL FROM pg_largeobject_metadata;"
		return
	fi
	cat <<'SQL'
SELECT 'large_objects', (SELECT count(*) FROM pg_largeobject_metadata),
	coalesce(sum(hashtextextended(l.loid || ':' || at || ':' || encode(lo_get(l.loid, at, 262144), 'hex'), 0)), 0)
FROM (SELECT loid, max(pageno)::bigint * 2048 + 2047 AS last FROM pg_largeobject GROUP BY loid) l,
	generate_series(0, l.last, 262144) at;
SQL
}

# usage: sequences_sql   Values as they stand: only where nobody writes, that is after a restore.
sequences_sql() {
	session_settings || return 1
	cat <<SQL
SELECT format('SELECT %L, last_value, CASE WHEN is_called THEN ''true'' ELSE ''false'' END FROM %I.%I',
	concat_ws(E'\t', 'sequence', to_json(n.nspname::text), to_json(c.relname::text)), n.nspname, c.relname)
$USER_RELATIONS AND c.relkind = 'S' \\gexec
SQL
}

# usage: tidy_contents full|rows < LINES
tidy_contents() {
	awk -F '\t' -v OFS='\t' -v hashes="$1" '
		$1 == "table" || $1 == "large_objects" {
			if ($NF == "") $NF = 0
			$NF = (hashes == "full") ? "\"" $NF "\"" : "null"
		}
		{ print }' | sort
}

# usage: empty_sql   Prints what a database has beyond a freshly created one, at most 5 names; nothing = empty.
# Through pg_depend: whatever kind of object a later PostgreSQL invents, it hangs on a schema or an owner. Parts of
# another object (row and array types, TOAST tables, indexes) do not count: that is listed itself, and where it belongs to
# an extension, its parts do not say so.
empty_sql() {
	cat <<'SQL'
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
SQL
}
