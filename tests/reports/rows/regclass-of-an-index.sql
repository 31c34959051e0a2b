-- A regclass column names an index: when rows are loaded there is none yet. What is made late must not meet the trigger
-- that fires always.
-- plain: relation "public.watched_name" does not exist
-- right: whole
create table watched (id int primary key, name text);
create index watched_name on watched (name);
create table usage (id int primary key, index regclass, seen timestamptz);
insert into usage values (1, 'watched_name', '2026-01-01'), (2, 'watched_pkey', '2026-01-02');
create function stamp() returns trigger language plpgsql as $$ begin new.seen := now(); return new; end $$;
create trigger stamped before insert or update on usage for each row execute function stamp();
alter table usage enable always trigger stamped;
