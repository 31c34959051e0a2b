-- A function casts to a type of the application's own without its schema.
-- plain: type "mood" does not exist
-- right: whole
create type mood as enum ('sad', 'happy');
create function mood_of(text) returns int immutable language plpgsql as
  $$ begin return case when $1::mood = 'happy' then 1 else 0 end; end $$;
create table feeling (id int primary key, said text check (mood_of(said) >= 0));
insert into feeling select i, 'happy' from generate_series(1, 20) i;
create index on feeling (mood_of(said));
