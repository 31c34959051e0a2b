-- A function was declared volatile after it had been indexed: the constraint works, and cannot be made again.
-- plain: functions in index expression must be marked IMMUTABLE
-- right: left out
-- left out: one_guest: functions in index expression must be marked IMMUTABLE
create extension btree_gist;
create table stay (room int, during tsrange);
insert into stay select i, tsrange('2026-01-01', '2026-01-02') from generate_series(1, 20) i;
create function wing(int) returns int immutable language plpgsql as $$ begin return $1 * 10; end $$;
alter table stay add constraint one_guest exclude using gist (wing(room) with =, during with &&);
alter function wing(int) volatile;
