-- The same where a column is of the extension's type: the set waits for an image that has it.
-- plain: extension "pairs" is not available
-- right: not here
-- why: extension "pairs" is not available
create extension hstore;
create table item (id int primary key, attrs hstore);
insert into item select i, hstore('n', i::text) from generate_series(1, 20) i;
update pg_extension set extname = 'pairs' where extname = 'hstore';
