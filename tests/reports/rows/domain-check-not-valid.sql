-- A domain's check was added NOT VALID over rows that it would refuse.
-- right: whole
create domain code as text;
create table t (c code);
insert into t select 'c' || i from generate_series(1, 10) i;
alter domain code add constraint late check (value > 'd') not valid;
