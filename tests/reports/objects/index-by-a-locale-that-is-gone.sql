-- A collation of a locale that the image does not have. Only an index is by it, so no row waits for it.
-- plain: could not create locale "xx_YY.utf8"
-- right: left out
-- left out: phonebook: could not create locale "xx_YY.utf8"
-- left out: by_name: collation "public.phonebook" for encoding "UTF8" does not exist
create collation phonebook (provider = libc, locale = 'C');
create table person (name text);
insert into person select 'name ' || i from generate_series(1, 20) i;
create index by_name on person (name collate phonebook);
update pg_collation set collcollate = 'xx_YY.utf8', collctype = 'xx_YY.utf8' where collname = 'phonebook';
