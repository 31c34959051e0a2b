-- A generated column's function became stricter: its rows cannot be computed again.
-- plain: division by zero
-- right: not here
-- why: division by zero
create function share(int) returns int immutable language sql as $$ select 1 $$;
create table t (n int, s int generated always as (share(n)) stored);
insert into t select generate_series(0, 9);
create or replace function share(int) returns int immutable language sql as $$ select 100 / $1 $$;
