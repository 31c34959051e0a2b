-- The usual wrapper around unaccent: an SQL function that names another one without a schema, in an index.
-- plain: function unaccent(unknown, text) does not exist
-- right: whole
create extension unaccent;
create function f_unaccent(text) returns text language sql immutable parallel safe strict as
  $$ select unaccent('unaccent', $1) $$;
create table person (id int primary key, name text not null);
insert into person select i, 'Rene' || chr(233) || ' ' || i from generate_series(1, 50) i;
create index person_plain on person (f_unaccent(name));
alter table person owner to app;
