-- A domain's check reads a table that is loaded later.
-- plain: value for domain public.kind violates check constraint "known"
-- right: whole
create table z_kind (code text primary key);
insert into z_kind values ('x');
create function known_kind(text) returns boolean language sql stable as
  $$ select exists (select from public.z_kind where code = $1) $$;
create domain kind as text constraint known check (public.known_kind(value));
create table a_item (id int primary key, kind kind);
insert into a_item select i, 'x' from generate_series(1, 20) i;
