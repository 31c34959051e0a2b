-- For sessions that read tables, before their transaction. Whoever asks for a table's rows runs functions of its owner: the planner
-- computes what is constant in the expressions of its indexes and statistics. Not as the superuser, then, and not with a path that
-- lacks what they name: for each owner of such tables a function of his own reads them (sql/contents.sql calls it). It lives as
-- long as the session. Sets own_path, and reader: the name of that function for a table c, or NULL for one that needs none. Variable:
-- held (by this session; then this was done).
\if :held
\else
SELECT $text$CASE WHEN c.oid IN (
		SELECT table_id FROM (
			SELECT indrelid AS table_id, 'pg_class'::regclass AS class, indexrelid AS id FROM pg_index
			WHERE indexrelid >= 16384 AND (indexprs IS NOT NULL OR indpred IS NOT NULL)
			UNION ALL SELECT stxrelid, 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxexprs IS NOT NULL) planned
		WHERE EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = id
			AND refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)))
	THEN (SELECT 'pg_temp.rows_for_' || CASE WHEN rolsuper THEN 'pg_read_all_data'::regrole::oid ELSE oid END
		FROM pg_roles WHERE oid = c.relowner) END$text$ AS reader \gset
SELECT concat_ws(', ', (SELECT substr(o, 13) FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) o
		WHERE setrole = 0 AND datname = current_database() AND o LIKE 'search\_path=%'), 'public',
	(SELECT string_agg(DISTINCT quote_ident(nspname), ', ') FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace)) AS own_path \gset
-- What fails here is named where it is missed. No event trigger of theirs runs as the superuser either.
\set ON_ERROR_STOP 0
SELECT unnest(ARRAY[
	CASE WHEN superuser THEN 'SET session_replication_role = replica' END,
	format('CREATE FUNCTION pg_temp.rows_for_%s(path text, query text,
			OUT n bigint, OUT hash numeric, OUT long bigint, OUT last bigint, OUT why text)
		LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET row_security = off AS %L', reader,
		'BEGIN PERFORM set_config(''search_path'', path, true); EXECUTE query INTO n, hash, long, last;
			EXCEPTION WHEN OTHERS THEN why := sqlerrm; END'),
	CASE WHEN superuser THEN format('ALTER FUNCTION pg_temp.rows_for_%s OWNER TO %I', reader, pg_get_userbyid(reader)) END,
	CASE WHEN superuser THEN 'RESET session_replication_role' END])
FROM (SELECT DISTINCT CASE WHEN rolsuper THEN 'pg_read_all_data'::regrole::oid ELSE r.oid END AS reader,
		current_setting('is_superuser')::bool AS superuser FROM pg_roles r
	WHERE NOT pg_is_in_recovery() AND r.oid IN (SELECT relowner FROM pg_class c WHERE c.oid IN (
		SELECT indrelid FROM pg_index WHERE indexrelid >= 16384 AND (indexprs IS NOT NULL OR indpred IS NOT NULL)
		UNION ALL SELECT stxrelid FROM pg_statistic_ext WHERE stxexprs IS NOT NULL))) readers \gexec
\set ON_ERROR_STOP 1
\endif
