-- A policy and a rule with IS DISTINCT FROM: without the policy its table would show nobody anything.
-- plain: operator does not exist: public.hstore = public.hstore
-- right: whole
create extension hstore;
create table note (id int primary key, attrs hstore);
create table history (id int, was hstore);
insert into note select i, hstore('n', i::text) from generate_series(1, 10) i;
alter table note enable row level security;
create policy open_notes on note to app using (attrs is distinct from 'secret=>1'::hstore);
create rule keep as on update to note where old.attrs is distinct from new.attrs
  do also insert into history values (old.id, old.attrs);
grant select on note to app;
