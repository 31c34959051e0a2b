-- The same by the server's own function.
-- plain: could not open file "/nowhere/motd" for reading
-- right: left out
-- left out: motd: could not open file "/nowhere/motd" for reading
create function told() returns text language sql as $$ select 'hello' $$;
create materialized view motd as select told();
create or replace function told() returns text language sql as $$ select pg_read_file('/nowhere/motd') $$;
create table kept as select i as n from generate_series(1, 5) i;
