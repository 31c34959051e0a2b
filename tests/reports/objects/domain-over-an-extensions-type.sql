-- A domain's check is read when the domain is made: it is refused at first, then every table that has it.
-- plain: operator does not exist: public.ltree = public.ltree
-- right: whole
create extension ltree;
create domain place as ltree constraint not_the_root check (value is distinct from 'root'::ltree);
create table shelf (id int primary key, at place, before place[]);
insert into shelf select i, text2ltree('hall.s' || i), array[text2ltree('old')]::place[] from generate_series(1, 20) i;
create function name_of(place) returns text language sql as $$ select 'shelf' $$;
create view shelves as select name_of(at) from shelf;
