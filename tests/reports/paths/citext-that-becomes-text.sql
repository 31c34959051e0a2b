-- A view compares citext by IS DISTINCT FROM: without the extension's schema in the path that is text's operator, and no
-- error tells it. Letters' case counts in the view that comes back.
-- right: differs
-- differs: strangers
create extension citext;
create table person (name citext);
insert into person values ('Ann'), ('BOB');
create view strangers as select name from person where name is distinct from 'ann'::citext;
