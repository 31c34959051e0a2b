-- A partition key's function names another one without its schema: each row that comes into a partition is put through it.
-- plain: function half(integer) does not exist
-- right: whole
create function half(int) returns int immutable language sql as $$ select $1 / 2 $$;
create function part(int) returns int immutable language plpgsql as $$ begin return half($1) % 2; end $$;
create table measured (n int) partition by list (part(n));
create table measured_0 partition of measured for values in (0);
create table measured_1 partition of measured for values in (1);
insert into measured select generate_series(1, 20);
