-- A text search dictionary is read from a file of the image, and another image does not have that file. (Here the name is
-- changed instead, past the server.) Rows do not wait for it.
-- plain: could not open synonym file
-- right: left out
-- left out: ours: could not open synonym file
-- left out: en_ours: text search dictionary "public.ours" does not exist
create text search dictionary ours (template = synonym, synonyms = synonym_sample);
create text search configuration en_ours (copy = english);
alter text search configuration en_ours alter mapping for asciiword with ours, english_stem;
create table page (id int primary key, body text);
insert into page select i, 'body ' || i from generate_series(1, 20) i;
create index on page using gin (to_tsvector('en_ours', body));
update pg_ts_dict set dictinitoption = $$synonyms = 'nowhere'$$ where dictname = 'ours';
