-- The owner of a materialized view may not read its table any more; a view is filled with its owner's rights.
-- plain: permission denied for table salary
-- right: left out
-- left out: average: permission denied for table salary
create table salary (id int primary key, amount int);
insert into salary select i, i * 100 from generate_series(1, 10) i;
grant select on salary to app;
grant create on schema public to app;
set role app;
create materialized view average as select avg(amount) as amount from salary;
reset role;
revoke select on salary from app;
