-- Of a standby that has stopped at `instant`, before the end of transaction `xid` at `next`: whether nobody wrote from `taken` until then; TAB whether
-- it has the one side of that moment and not the other, or nothing where it has no commit since its backup. pg_current_snapshot() of a standby does
-- not list who is at work, so pg_xact_status is asked.
SELECT coalesce(last < nullif(:'taken', '')::timestamptz, false),
	last <= instant AND next > instant AND CASE WHEN xid < xmax THEN pg_xact_status(xid::text::xid8) = 'in progress' ELSE true END
FROM (SELECT xmax, (xmax >> 32 << 32) + :xid AS xid, pg_last_xact_replay_timestamp() AS last, :'next'::timestamptz AS next, :'instant'::timestamptz AS instant
	FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xmax) x) y;
