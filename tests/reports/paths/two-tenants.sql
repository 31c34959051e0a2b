-- Each tenant's schema has functions of the same names, found by the path of the tenant's role. What is computed again
-- must not take another tenant's.
-- plain: function rate(integer) does not exist
-- right: whole
create schema a_tenant; create schema b_tenant authorization app;
alter role app in database app set search_path = b_tenant;
create function a_tenant.rate(int) returns int immutable language sql as $$ select $1 * 2 $$;
set role app;
set search_path = b_tenant;
create function rate(int) returns int immutable language sql as $$ select $1 * 3 $$;
create function rated(int) returns int immutable language plpgsql as $$ begin return rate($1); end $$;
create table sale (id int primary key, n int, r int generated always as (rated(n)) stored);
insert into sale select i, i from generate_series(1, 50) i;
create materialized view total as select sum(rated(n)) as n from sale;
