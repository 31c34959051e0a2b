-- Schemas with spaces, commas and quotes in their names, in the database's search_path.
-- plain: function rate(integer) does not exist
-- right: whole
create schema "my, ""own"" shop";
create schema "It's";
alter database app set search_path = "$user", "my, ""own"" shop", "It's", public;
set search_path = "my, ""own"" shop", "It's";
create function "It's".rate(int) returns int immutable language sql as $$ select $1 * 3 $$;
create function rated(int) returns int immutable language plpgsql as $$ begin return rate($1); end $$;
create table "Sale" (id int primary key, n int check (rated(n) > 0));
insert into "Sale" select i, i from generate_series(1, 50) i;
create index "by rate" on "Sale" (rated(n));
