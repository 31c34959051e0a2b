-- The application sets its search_path when it connects: no setting tells it.
-- plain: relation "tariff" does not exist
-- right: whole
create schema shop;
set search_path = shop;
create table tariff as select 3 as percent;
create function rated(int) returns int immutable language sql as $$ select $1 * percent from tariff $$;
create table sale (id int primary key, n int check (rated(n) > 0));
insert into sale select i, i from generate_series(1, 50) i;
create index on sale (rated(n));
