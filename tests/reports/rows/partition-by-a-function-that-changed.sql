-- The function of a partition key says something else now: the rows belong into no partition of the table.
-- plain: new row for relation "measured_0" violates partition constraint
-- right: not here
-- why: violates partition constraint
create function part(int) returns int immutable language sql as $$ select $1 % 2 $$;
create table measured (n int) partition by list (part(n));
create table measured_0 partition of measured for values in (0);
create table measured_1 partition of measured for values in (1);
insert into measured select generate_series(1, 20);
create or replace function part(int) returns int immutable language sql as $$ select $1 % 2 + 1 $$;
