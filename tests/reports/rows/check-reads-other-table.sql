-- A check whose function looks into a table that is loaded later.
-- plain: violates check constraint "a_item_kind_check"
-- right: whole
create table z_kind (code text primary key);
insert into z_kind values ('x'), ('y');
create function known_kind(text) returns boolean language sql stable as
  $$ select exists (select from public.z_kind where code = $1) $$;
create table a_item (id int primary key, kind text check (public.known_kind(kind)));
insert into a_item select i, 'x' from generate_series(1, 20) i;
create table a_part (id int primary key, item int references a_item);
insert into a_part select i, i from generate_series(1, 20) i;
