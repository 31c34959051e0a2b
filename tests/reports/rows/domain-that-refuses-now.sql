-- The function of a domain's check became stricter. The domain is a column's type, an array's, and another domain's.
-- plain: value for domain public.code violates check constraint "known"
-- right: left out
-- left out: known: not valid: cannot alter type
create function is_known(text) returns boolean immutable language sql as $$ select true $$;
create domain code as text constraint known check (is_known(value));
create domain short_code as code constraint short check (length(value) < 9);
create table single (c code);
create table many (c code[]);
create table nested (c short_code);
insert into single select 'c' || i from generate_series(1, 10) i;
insert into many select array['c' || i]::code[] from generate_series(1, 10) i;
insert into nested select 'c' || i from generate_series(1, 10) i;
create or replace function is_known(text) returns boolean immutable language sql as $$ select $1 > 'd' $$;
