-- A foreign table of file_fdw that names neither file nor program, made before that was checked.
-- plain: either filename or program is required for file_fdw foreign tables
-- right: left out
-- left out: orders: either filename or program is required
-- left out: recent: relation "public.orders" does not exist
create extension file_fdw;
create server files foreign data wrapper file_fdw;
alter foreign data wrapper file_fdw no validator;
create foreign table orders (n int) server files;
create view recent as select n from orders where n > 1000;
create table kept as select i as n from generate_series(1, 5) i;
