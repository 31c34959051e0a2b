-- A function uses an extension's operator, which a path without the extension does not find.
-- plain: operator does not exist: public.hstore -> unknown
-- right: whole
create extension hstore;
create function colour(hstore) returns text immutable language sql as $$ select $1 -> 'colour' $$;
create table item (id int primary key, attrs hstore constraint coloured check (colour(attrs) is not null));
insert into item select i, hstore('colour', 'c' || i) from generate_series(1, 20) i;
create index on item (colour(attrs));
