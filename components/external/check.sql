-- What keeps this server from being saved (refused), and what the role may not do (note); a line each.
-- psql is told: wanted (names of databases, one a line), sslmode, now (the client's clock).
-- 14 is the oldest server that the scripts are tried with; from 16 on its clients are of its own version.
WITH me AS (SELECT * FROM pg_catalog.pg_roles WHERE rolname = current_user),
version AS (SELECT current_setting('server_version_num')::int / 10000 AS server,
    :VERSION_NUM / 10000 AS client),
missing AS (SELECT name FROM unnest(string_to_array(nullif(:'wanted', ''), chr(10))) AS name
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = name)),
said (holds, kind, what) AS (
  SELECT server <> client AND server >= 16, 'refused', format('it is PostgreSQL %s, and '
      'postgres.image has the clients of %s: pulumi config set --path postgres.image with an image '
      'of PostgreSQL %s', server, client, server) FROM version
  UNION ALL SELECT server < 14, 'refused',
      format('it is PostgreSQL %s, and the oldest that is saved is 14', server) FROM version
  UNION ALL SELECT server < 16, 'note',
      format('it is PostgreSQL %s: its sets come back in 16 and newer, not in itself', server) FROM version
  UNION ALL SELECT current_setting('search_path') <> 'pg_catalog', 'refused', 'a pooler of '
      'transactions is in between: external.host and external.port have to be those of the server itself'
  UNION ALL SELECT true, 'refused', format('external.databases has %L, which the server has not: '
      'pulumi config set --path external.databases with names that it has', name) FROM missing
  UNION ALL SELECT NOT rolsuper AND NOT has_table_privilege('pg_catalog.pg_authid', 'SELECT'),
      'note', 'it may not read the passwords of roles: no set has them' FROM me
  UNION ALL SELECT NOT rolsuper AND NOT pg_has_role('pg_read_all_data', 'USAGE'), 'note',
      'it has not pg_read_all_data: a table that it may not read ends a backup'
      FROM me
  UNION ALL SELECT NOT (rolsuper OR rolbypassrls), 'note', 'it has not BYPASSRLS: a table '
      'whose row security is in force for it ends a backup, rather than give some of its rows'
      FROM me
  UNION ALL SELECT NOT (rolsuper OR rolcreatedb), 'note',
      'it has not CREATEDB: no database can be restored' FROM me
  UNION ALL SELECT NOT (rolsuper OR rolcreaterole), 'note',
      'it has not CREATEROLE: a database whose owner is missing cannot be restored'
      FROM me
  UNION ALL SELECT pg_is_in_recovery(), 'note', 'it is a hot standby: a change on its primary may '
      'end a backup, and nothing can be restored into it'
  UNION ALL SELECT :'sslmode' <> 'disable' AND NOT ssl, 'note', 'something before the server ends '
      'the encryption: through a pooler of transactions nothing can be saved'
      FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()
  UNION ALL SELECT abs(extract(epoch FROM clock_timestamp()) - :now) > 300, 'note',
      'its clock differs from that of the node by more than five minutes'
)
SELECT kind || ' ' || what FROM said WHERE holds ORDER BY kind DESC;
