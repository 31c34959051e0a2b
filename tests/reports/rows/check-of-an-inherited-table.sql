-- The same with inheritance: a check of the table above, and one of the table below alone.
-- plain: violates check constraint "fair"
-- right: left out
-- left out: fair: fair
-- left out: fairer: fairer
create function is_fair(int) returns boolean immutable language sql as $$ select $1 > 0 $$;
create table price (id int primary key, amount int constraint fair check (is_fair(amount)));
create table special (reason text, constraint fairer check (is_fair(amount - 1))) inherits (price);
insert into price select i, i from generate_series(1, 5) i;
insert into special select i, i, 'why' from generate_series(6, 15) i;
create or replace function is_fair(int) returns boolean immutable language sql as $$ select $1 > 10 $$;
