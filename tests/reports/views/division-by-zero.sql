-- A materialized view that could be filled when it was made and cannot any more. Its base data is whole.
-- plain: division by zero
-- right: left out
-- left out: unit_price: division by zero
create table sale (id int primary key, pieces int, amount numeric);
insert into sale values (1, 2, 10), (2, 4, 8);
create materialized view unit_price as select id, amount / pieces as price from sale;
create unique index on unit_price (id);
insert into sale values (3, 0, 5);
