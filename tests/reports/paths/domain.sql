-- A domain's check calls a function that names another one without its schema.
-- plain: function clean(text) does not exist
-- right: whole
create function clean(text) returns text immutable language sql as $$ select lower($1) $$;
create function is_clean(text) returns boolean immutable language plpgsql as $$ begin return clean($1) = $1; end $$;
create domain slug as text check (is_clean(value));
create table page (at slug primary key, others slug[]);
insert into page select 'p' || i, array['q']::slug[] from generate_series(1, 20) i;
