-- The same where a column is by it: its table cannot be made here, so the set waits for an image that has the locale.
-- plain: could not create locale "xx_YY.utf8"
-- right: not here
-- why: could not create locale "xx_YY.utf8"
create collation phonebook (provider = libc, locale = 'C');
create table person (name text collate phonebook);
insert into person select 'name ' || i from generate_series(1, 20) i;
update pg_collation set collcollate = 'xx_YY.utf8', collctype = 'xx_YY.utf8' where collname = 'phonebook';
