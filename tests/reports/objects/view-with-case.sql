-- CASE x WHEN y and NULLIF name no operator either. Views stand on the view that is refused at first.
-- plain: operator does not exist: public.ltree = public.ltree
-- right: whole
create extension ltree;
create table node (path ltree primary key, weight int);
insert into node select text2ltree('a.b' || i), i from generate_series(1, 20) i;
create view labelled as select path, case path when 'a.b1'::ltree then 'first' else 'other' end as label from node;
create view counted as select label, count(*) as n from labelled group by label;
create view no_first as select nullif(path, 'a.b1'::ltree) as path from node;
comment on view counted is 'stands on labelled';
grant select on labelled, counted to app;
create function label_of(labelled) returns text language sql stable as $$ select $1.label $$;
