-- A text search configuration of the application's own, named without its schema.
-- plain: text search configuration "ours" does not exist
-- right: whole
create text search configuration ours (copy = english);
create function words(text) returns tsvector immutable language sql as $$ select to_tsvector('ours', $1) $$;
create table page (id int primary key, body text, words tsvector generated always as (words(body)) stored);
insert into page select i, 'the quick brown fox ' || i from generate_series(1, 20) i;
create index on page using gin (words);
