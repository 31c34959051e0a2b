-- A materialized view over one that cannot be filled, and a view over both.
-- plain: division by zero
-- right: left out
-- left out: unit_price: division by zero
-- left out: dearest: materialized view "unit_price" has not been populated
create table sale (id int primary key, pieces int, amount numeric);
insert into sale values (1, 2, 10), (2, 4, 8);
create materialized view unit_price as select id, amount / pieces as price from sale;
create materialized view dearest as select max(price) as price from unit_price;
create view both_of_them as select u.price, d.price as most from unit_price u, dearest d;
insert into sale values (3, 0, 5);
