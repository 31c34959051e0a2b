-- A commit with nothing in it, once a minute: every moment up to it can be a target, and it dates what is in the archive. Not a row:
-- no set and no schema has anything of it. Then, as soon as it can have been streamed, what the archive is judged by: one line
-- of JSON. Takes `slot`, `waiting` and `backups` (JSON) and `previous`, the canary before, which stays the newest until this one has been streamed.
SET synchronous_commit = local;
SELECT pg_logical_emit_message(true, 'brewget', 'canary') AS canary, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS moment \gset
SELECT pg_sleep(2) \g /dev/null
SELECT json_build_object(
	'version', 1,
	'time', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
	'canary', CASE WHEN receiver.write_lsn > :'canary'::pg_lsn THEN :'moment' ELSE nullif(:'previous', '') END,
	'written', coalesce(receiver.write_lsn, slot.restart_lsn),
	'behind_bytes', pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(receiver.write_lsn, slot.restart_lsn)),
	'timeline', left(pg_walfile_name(pg_current_wal_lsn()), 8),
	'slot', coalesce(slot.wal_status, 'missing'),
	'streaming', receiver.pid IS NOT NULL,
	'waiting', :'waiting'::json,
	'backups', :'backups'::json)
FROM (SELECT) one
LEFT JOIN pg_catalog.pg_replication_slots slot ON slot.slot_name = :'slot'
LEFT JOIN pg_catalog.pg_stat_replication receiver ON receiver.pid = slot.active_pid;
