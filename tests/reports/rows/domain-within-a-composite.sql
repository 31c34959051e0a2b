-- The same where the domain is a part of a composite type.
-- plain: value for domain public.code violates check constraint "known"
-- right: left out
-- left out: known: not valid: cannot alter type
create function is_known(text) returns boolean immutable language sql as $$ select true $$;
create domain code as text constraint known check (is_known(value));
create type pair as (a code, n int);
create table t (p pair, ps pair[]);
insert into t select row('c' || i, i)::pair, array[row('c', 1)::pair] from generate_series(1, 10) i;
create or replace function is_known(text) returns boolean immutable language sql as $$ select $1 > 'd' $$;
