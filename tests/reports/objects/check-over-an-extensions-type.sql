-- A table's own check compares an hstore by IS DISTINCT FROM: the table itself is refused at first, and with it its rows
-- and all that hangs on it.
-- plain: operator does not exist: public.hstore = public.hstore
-- right: whole
create extension hstore;
create table item (id int generated always as identity primary key, attrs hstore default '',
  constraint attrs_given check (attrs is distinct from 'none=>1'::hstore));
comment on column item.attrs is 'as the shop has them';
insert into item (attrs) select hstore('n', i::text) from generate_series(1, 50) i;
create table sold (item int references item, pieces int);
insert into sold select i, i from generate_series(1, 50) i;
create view cheap as select id, attrs from item where id < 10;
create view cheaper as select id from cheap where id < 5;
create materialized view per_item as select item, sum(pieces) as pieces from sold join item on id = item group by 1;
create index on item using gin (attrs);
grant select on item, cheap, cheaper to app;
