-- JOIN … USING names columns and no operator.
-- plain: operator does not exist: public.ltree = public.ltree
-- right: whole
create extension ltree;
create table node (path ltree primary key, weight int);
create table price (path ltree, amount numeric);
insert into node select text2ltree('a.b' || i), i from generate_series(1, 20) i;
insert into price select path, weight / 3.0 from node;
create view priced as select path, weight, amount from node join price using (path);
create materialized view total as select sum(amount) as amount from priced;
