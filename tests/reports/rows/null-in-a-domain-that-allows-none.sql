-- A domain that allows no null has one: PostgreSQL's manual says of an outer join that it brings it about.
-- plain: does not allow null values
-- right: not here
-- why: does not allow null values
create domain given as int not null;
create table known (id int, n given);
create table found (id int, n given);
insert into found select v, known.n from generate_series(1, 3) v left join known on known.id = v;
