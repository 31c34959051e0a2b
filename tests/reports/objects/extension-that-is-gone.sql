-- An extension that the image does not have (its name is changed past the server). Only an index is by it.
-- plain: extension "trigrams" is not available
-- right: left out
-- left out: trigrams: extension "trigrams" is not available
-- left out: by_parts: operator class "public.gin_trgm_ops" does not exist
create extension pg_trgm;
create table page (id int primary key, body text);
insert into page select i, 'body ' || i from generate_series(1, 20) i;
create index by_parts on page using gin (body gin_trgm_ops);
update pg_extension set extname = 'trigrams' where extname = 'pg_trgm';
