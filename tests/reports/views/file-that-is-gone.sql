-- A materialized view over a foreign table of file_fdw: its file was on the server's old machine.
-- plain: could not open file "/nowhere/orders.csv"
-- right: left out
-- left out: orders_of_today: could not open file "/nowhere/orders.csv"
create extension file_fdw;
create server files foreign data wrapper file_fdw;
create foreign table orders (n int) server files options (program 'echo 5', format 'csv');
create materialized view orders_of_today as select n from orders;
alter foreign table orders options (drop program, add filename '/nowhere/orders.csv');
create table kept as select i as n from generate_series(1, 5) i;
