-- The search_path is a setting of the application's role: no session of ours has it.
-- plain: function rate(integer) does not exist
-- right: whole
create schema shop authorization app;
alter role app set search_path = shop;
set role app;
set search_path = shop;
create function rate(int) returns int immutable language sql as $$ select $1 * 3 $$;
create function rated(int) returns int immutable language plpgsql as $$ begin return rate($1); end $$;
create table sale (id int primary key, n int, r int generated always as (rated(n)) stored);
insert into sale select i, i from generate_series(1, 50) i;
create materialized view total as select sum(rated(n)) as n from sale;
