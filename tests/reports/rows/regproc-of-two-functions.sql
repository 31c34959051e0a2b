-- A regproc column prints a name without arguments: of two functions of a name nobody can say which one it was.
-- plain: more than one function named "public.twice"
-- right: not here
-- why: more than one function named "public.twice"
create function twice(int) returns int language sql as 'select $1 * 2';
create table hook (id int primary key, calls regproc);
insert into hook values (1, 'twice');
create function twice(bigint) returns bigint language sql as 'select $1 * 2';
