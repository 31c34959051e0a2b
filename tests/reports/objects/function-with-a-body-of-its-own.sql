-- A function in the standard's form (BEGIN ATOMIC) is read when it is made, and a view calls it.
-- plain: operator does not exist: public.hstore = public.hstore
-- right: whole
create extension hstore;
create table item (id int primary key, attrs hstore);
insert into item select i, hstore('n', i::text) from generate_series(1, 10) i;
create function others(hstore) returns bigint language sql stable
  begin atomic select count(*) from item where attrs is distinct from $1; end;
create view overview as select id, others(attrs) from item;
