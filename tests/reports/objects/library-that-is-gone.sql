-- A function in C, of a library that the image does not have (its name is changed past the server), and its trigger.
-- plain: could not access file "$libdir/nowhere"
-- right: left out
-- left out: lo_manage: could not access file "$libdir/nowhere"
-- left out: cleaned: function public.lo_manage() does not exist
create function lo_manage() returns trigger language c as '$libdir/lo', 'lo_manage';
create table image (id int primary key, raster oid);
insert into image select i, null from generate_series(1, 20) i;
create trigger cleaned before update or delete on image for each row execute function lo_manage(raster);
update pg_proc set probin = '$libdir/nowhere' where proname = 'lo_manage';
