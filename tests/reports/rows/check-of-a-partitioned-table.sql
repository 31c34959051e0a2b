-- The check is the partitioned table's, the rows that it refuses now are in a partition.
-- plain: violates check constraint "fair"
-- right: left out
-- left out: fair: fair
create function is_fair(int) returns boolean immutable language sql as $$ select $1 > 0 $$;
create table price (id int, amount int, constraint fair check (is_fair(amount))) partition by range (id);
create table price_1 partition of price for values from (0) to (100) partition by range (id);
create table price_1_1 partition of price_1 for values from (0) to (100);
create table price_2 partition of price for values from (100) to (200);
insert into price select i, i from generate_series(1, 150) i;
create or replace function is_fair(int) returns boolean immutable language sql as $$ select $1 > 10 $$;
