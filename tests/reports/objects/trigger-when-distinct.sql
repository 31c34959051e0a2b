-- A trigger compares an hstore by IS DISTINCT FROM: that operator cannot be written with its schema, so a session without
-- the schema in its path does not find it.
-- plain: operator does not exist: public.hstore = public.hstore
-- right: whole
create extension hstore;
create extension ltree;
create table doc (id int primary key, attrs hstore, path ltree);
insert into doc select i, hstore('n', i::text), text2ltree('top.n' || i) from generate_series(1, 100) i;
create function touched() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger attrs_changed before update on doc for each row
  when (old.attrs is distinct from new.attrs) execute function touched();
create trigger path_changed after update on doc for each row
  when (old.path is distinct from new.path) execute function touched();
alter table doc owner to app;
