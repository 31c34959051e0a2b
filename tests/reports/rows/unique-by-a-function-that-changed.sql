-- Unique by what a function said; it says the same of all rows now.
-- plain: could not create unique index "one_each"
-- right: left out
-- left out: one_each: could not create unique index
create function key_of(int) returns int immutable language sql as $$ select $1 $$;
create table t (n int primary key);
insert into t select generate_series(1, 20);
create unique index one_each on t (key_of(n));
create or replace function key_of(int) returns int immutable language sql as $$ select 1 $$;
