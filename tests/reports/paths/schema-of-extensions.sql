-- Extensions live in a schema of their own, which the database's path ends with.
-- plain: function digest(text, unknown) does not exist
-- right: whole
create schema extensions;
alter database app set search_path = "$user", public, extensions;
create extension pgcrypto schema extensions;
create extension citext schema extensions;
set search_path = public, extensions;
create function fingerprint(text) returns text immutable language sql as $$ select encode(digest($1, 'sha256'), 'hex') $$;
create table file (name citext primary key, content text, sum text generated always as (fingerprint(content)) stored);
insert into file select 'f' || i, 'content ' || i from generate_series(1, 20) i;
create unique index on file (fingerprint(content));
