-- Everything is in a schema that only the database's search_path has: check, generated column, index, view.
-- plain: function rate(integer) does not exist
-- right: whole
create schema shop;
alter database app set search_path = shop, public;
set search_path = shop, public;
create function rate(int) returns int immutable language sql as $$ select $1 * 3 $$;
create function rated(int) returns int immutable language plpgsql as $$ begin return rate($1); end $$;
create table sale (id int primary key, n int check (rated(n) < 1000), r int generated always as (rated(n)) stored);
insert into sale select i, i from generate_series(1, 50) i;
create index on sale (rated(n));
create materialized view total as select sum(rated(n)) as n from sale;
