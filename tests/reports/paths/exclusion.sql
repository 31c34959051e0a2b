-- An exclusion constraint over a function that names another one without its schema.
-- plain: function floor_of(integer) does not exist
-- right: whole
create extension btree_gist;
create function floor_of(int) returns int immutable language sql as $$ select $1 / 100 $$;
create function wing(int) returns int immutable language plpgsql as $$ begin return floor_of($1) * 10 + $1 % 10; end $$;
create table stay (room int, during tsrange, constraint one_guest exclude using gist (wing(room) with =, during with &&));
insert into stay select i * 100, tsrange('2026-01-01', '2026-01-02') from generate_series(1, 20) i;
