-- A database and a role have a time zone that another image's zone files do not know, as US/Pacific in newer ones.
-- right: left out
-- left out: ALTER ROLE app SET: invalid value for parameter "TimeZone"
-- left out: ALTER DATABASE app SET: the server here does not take it
create table t as select timestamptz '2026-01-01 00:00Z' as at;
alter database app set timezone = 'UTC';
alter role app set timezone = 'UTC';
update pg_db_role_setting set setconfig = '{TimeZone=US/Nowhere}';
