-- The same for a generated column: here the table itself is refused.
-- plain: generation expression is not immutable
-- right: not here
-- why: generation expression is not immutable
create function twice(int) returns int immutable language plpgsql as $$ begin return $1 * 2; end $$;
create table t (n int, n2 int generated always as (twice(n)) stored);
insert into t select i from generate_series(1, 20) i;
alter function twice(int) stable;
