-- A foreign server has an option that its wrapper takes no more: its validator is newer than the server.
-- plain: invalid option "speed"
-- right: left out
-- left out: far: invalid option "speed"
-- left out: far_away: server "far" does not exist
-- left out: app: invalid option "speed"
create foreign data wrapper other;
create server far foreign data wrapper other options (speed 'high');
create user mapping for app server far;
create foreign table far_away (n int) server far;
alter foreign data wrapper other validator postgresql_fdw_validator;
create table near as select i as n from generate_series(1, 5) i;
