-- How far a standby of ours has come: whether it is beyond `required`, whether all that it can be given is replayed, where it stands,
-- and when the last commit in it was made. One that pauses, but where it was told to, lacks a setting of the primary's.
SELECT pg_last_wal_replay_lsn() >= :'required'::pg_lsn AND (NOT pg_is_wal_replay_paused() OR current_setting('recovery_target_time') <> ''),
	EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'startup' AND wait_event IN ('RecoveryRetrieveRetryInterval', 'RecoveryPause')),
	pg_last_wal_replay_lsn(),
	coalesce(to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
