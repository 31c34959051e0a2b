-- A materialized view asks another server, or its own by the network (dblink, postgres_fdw), and nobody answers. The
-- tests' PostgreSQL cannot load those two: a function says what they say.
-- plain: could not establish connection
-- right: left out
-- left out: far: could not establish connection
create table t as select i as n from generate_series(1, 10) i;
create function asked() returns setof int language sql as $$ select n from t $$;
create materialized view far as select asked() as n;
create or replace function asked() returns setof int language plpgsql as $$ begin
  raise 'could not establish connection' using errcode = '08001',
    detail = 'connection to server on socket "/nowhere/.s.PGSQL.5432" failed: No such file or directory';
end $$;
create view nearer as select n from far;
