-- Install pages of several applications say: declare the extension's function immutable, then index it. No dump has the
-- first half, as the function is the extension's.
-- plain: functions in index expression must be marked IMMUTABLE
-- right: left out
-- left out: place_search: functions in index expression must be marked IMMUTABLE
create extension unaccent;
alter function unaccent(text) immutable;
create table place (id int primary key, name text);
insert into place select i, 'name ' || i from generate_series(1, 30) i;
create index place_search on place (unaccent(name));
