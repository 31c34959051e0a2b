-- A check by the clock: true for each row when it was written, and for none later.
-- plain: violates check constraint "in_future"
-- right: left out
-- left out: in_future: in_future
create table task (id int primary key, due timestamptz constraint in_future check (due > clock_timestamp()));
insert into task select i, clock_timestamp() + interval '300 milliseconds' from generate_series(1, 10) i;
select pg_sleep(0.5);
