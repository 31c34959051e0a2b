-- What backup.sh has to know of the server, into files in `work`: server (version, identifier, superuser), superuser (its
-- name as bytes), except (roles that are in no set, likewise), all (its databases; the last column says why one is skipped). Names as JSON, so that each
-- stays on its line whatever it holds. notes: what to say of it, as JSON. server_settings: what ALTER SYSTEM has set; values that may be secret are left out.
\o :work/server
SELECT split_part(current_setting('server_version'), ' ', 1), to_json(system_identifier::text),
	(SELECT to_json(rolname::text) FROM pg_roles WHERE oid = 10) FROM pg_control_system();
\o :work/superuser
SELECT encode(convert_to(rolname, 'UTF8'), 'hex') FROM pg_roles WHERE oid = 10;
\o :work/except
SELECT encode(convert_to(rolname, 'UTF8'), 'hex') FROM pg_roles WHERE rolname LIKE ANY (:roles_like);
\o :work/server_settings
SELECT has_function_privilege('pg_show_all_file_settings()', 'EXECUTE') AS may_ask \gset
\if :may_ask
	SELECT 'setting', to_json(name), CASE WHEN name ~* '(conninfo|passphrase|passwd|password$|secret|token|credential|_key$)' THEN 'null'
		ELSE to_json(setting)::text END
	FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf' ORDER BY name COLLATE "C";
\endif
\o :work/notes
-- A slot that nobody reads keeps WAL until the disk is full.
SELECT to_json(format('the replication slot %s is read by nobody and keeps %s of WAL: pg_drop_replication_slot ends that', slot_name, pg_size_pretty(kept)))
FROM (SELECT slot_name, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn) AS kept
	FROM pg_replication_slots WHERE NOT active) s WHERE kept > pg_size_bytes(current_setting('wal_segment_size')) ORDER BY slot_name;
\o :work/all
-- to_jsonb: PostgreSQL 17 gave daticulocale the name datlocale, and 15 has no daticurules.
SELECT to_json(datname::text), to_json(pg_get_userbyid(datdba)::text), to_json(pg_encoding_to_char(encoding)::text),
	to_json(datcollate::text), to_json(datctype::text), CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN '"icu"' WHEN 'b' THEN '"builtin"' ELSE '"libc"' END,
	coalesce(to_json(coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'))::text, 'null'),
	coalesce(to_json(to_jsonb(d) ->> 'daticurules')::text, 'null'),
	CASE WHEN datistemplate THEN '"is a template"'
		WHEN NOT datallowconn THEN '"does not allow connections"'
		WHEN datconnlimit = -2 THEN '"is half dropped"'
		WHEN datname ~ :'leftover' THEN '"is left over from an unfinished restore"'
		-- A provider's own; whoever owns it, or asks for it by name, wants to hear that it cannot be saved.
		WHEN NOT has_database_privilege(oid, 'CONNECT') AND NOT pg_has_role(datdba, 'MEMBER') THEN to_json(format('%s may not connect to it', current_user))::text END
FROM pg_database d WHERE datname NOT IN ('template0', 'template1') ORDER BY datname COLLATE "C";
