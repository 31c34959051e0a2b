-- The owner of an event trigger and of a foreign data wrapper has to be a superuser. Theirs was one, once.
-- plain: permission denied to change owner of event trigger "audit"
-- right: left out
-- left out: audit: permission denied to change owner of event trigger
-- left out: elsewhere: permission denied to change owner of foreign-data wrapper
create role boss superuser;
create table t as select i as n from generate_series(1, 5) i;
create function noted() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger audit on ddl_command_end execute function noted();
create foreign data wrapper elsewhere;
alter event trigger audit owner to boss;
alter foreign data wrapper elsewhere owner to boss;
alter role boss nosuperuser;
