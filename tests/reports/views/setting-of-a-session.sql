-- A materialized view reads a setting that a session of the application had.
-- plain: unrecognized configuration parameter "app.region"
-- right: left out
-- left out: regional: unrecognized configuration parameter "app.region"
create table client (id int primary key, region text);
insert into client select i, 'north' from generate_series(1, 10) i;
set app.region = 'north';
create materialized view regional as select id from client where region = current_setting('app.region');
