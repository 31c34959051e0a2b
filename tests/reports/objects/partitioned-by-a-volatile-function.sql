-- The same for a partition key: the rows are in the partitions, the table above them is what is refused.
-- plain: functions in partition key expression must be marked IMMUTABLE
-- right: left out
-- left out: measured: functions in partition key expression must be marked IMMUTABLE
-- left out: measured_0: relation "public.measured" does not exist
create function part(int) returns int immutable language plpgsql as $$ begin return $1 % 2; end $$;
create table measured (n int) partition by list (part(n));
create table measured_0 partition of measured for values in (0);
insert into measured select i * 2 from generate_series(1, 20) i;
alter function part(int) stable;
