-- The function of a check became stricter after the rows were written.
-- plain: violates check constraint "fair"
-- right: left out
-- left out: fair: is violated by some row
create function is_fair(int) returns boolean immutable language sql as $$ select $1 > 0 $$;
create table price (id int primary key, amount int constraint fair check (is_fair(amount)), constraint whole check (id > 0));
insert into price select i, i from generate_series(1, 50) i;
create or replace function is_fair(int) returns boolean immutable language sql as $$ select $1 > 10 $$;
