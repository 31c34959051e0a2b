-- Two tables whose checks look into each other: neither can be the first one, both hold once all rows are there.
-- plain: violates check constraint
-- right: whole
create table a (id int primary key);
create table b (id int primary key);
create function in_a(int) returns boolean language sql stable as $$ select exists (select from public.a where id = $1) $$;
create function in_b(int) returns boolean language sql stable as $$ select exists (select from public.b where id = $1) $$;
insert into a select generate_series(1, 20);
insert into b select generate_series(1, 20);
alter table a add constraint has_b check (public.in_b(id));
alter table b add constraint has_a check (public.in_a(id));
