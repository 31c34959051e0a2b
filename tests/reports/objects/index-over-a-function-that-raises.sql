-- A function was immutable by its word and is another one now: no index over it can be built.
-- plain: no such town
-- right: left out
-- left out: by_area: no such town
create table town (name text primary key);
insert into town select 'town ' || i from generate_series(1, 20) i;
create function area(text) returns int immutable language plpgsql as $$ begin return 1; end $$;
create index by_area on town (area(name));
create or replace function area(text) returns int immutable language plpgsql as $$ begin raise 'no such town'; end $$;
