-- Triggers slept while rows were deleted that others point to.
-- plain: violates foreign key constraint "b_a_fkey"
-- right: left out
-- left out: b_a_fkey: violates foreign key constraint
create table a (id int primary key);
create table b (a int references a);
insert into a values (1), (2);
insert into b values (1), (2);
set session_replication_role = replica;
delete from a where id = 1;
reset session_replication_role;
