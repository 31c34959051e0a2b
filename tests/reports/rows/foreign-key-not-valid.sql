-- A foreign key that was added NOT VALID, over rows that it would refuse.
-- right: whole
create table a (id int primary key);
create table b (a int);
insert into b values (1), (2);
alter table b add constraint later foreign key (a) references a not valid;
