-- Columns of all the other types that are numbers inside and names outside, some of them of things that are gone.
-- right: whole
create schema extra;
create type extra.mood as enum ('sad', 'happy');
create function extra.twice(int) returns int language sql as 'select $1 * 2';
create role gone;
create table ours (t regtype, p regprocedure, n regnamespace, r regrole, c regconfig, d regdictionary, o regoperator, l regcollation);
insert into ours values ('extra.mood', 'extra.twice(int)', 'extra', 'app', 'english', 'simple', '+(int,int)', '"C"'),
  (null, null, 'extra', 'gone', null, null, null, null), ('987654321', '987654321', '987654321', null, '987654321', null, '0', '987654321');
drop role gone;
