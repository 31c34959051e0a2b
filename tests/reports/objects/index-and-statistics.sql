-- A partial index, an index over an expression and statistics, all by an extension's equality that is not named.
-- plain: operator does not exist: public.ltree = public.ltree
-- right: whole
create extension ltree;
create table node (path ltree, weight int);
insert into node select text2ltree('a.b' || i), i from generate_series(1, 20) i;
create index not_first on node (weight) where path is distinct from 'a.b1'::ltree;
create unique index by_label on node ((case path when 'a.b1'::ltree then 0 else weight end));
create statistics labels on (nullif(path, 'a.b1'::ltree)), weight from node;
comment on index not_first is 'all but one';
