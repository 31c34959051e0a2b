-- A materialized view calls a function that raises by now: a licence ran out.
-- plain: licence ran out
-- right: left out
-- left out: rated: licence ran out
create table t as select i as n from generate_series(1, 10) i;
create function rate(int) returns int language plpgsql as $$ begin return $1; end $$;
create materialized view rated as select rate(n) from t;
create or replace function rate(int) returns int language plpgsql as $$ begin raise 'licence ran out'; end $$;
