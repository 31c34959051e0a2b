-- A check's function takes every error for "no": what is refused does not tell that a name was missing.
-- plain: violates check constraint "known"
-- right: whole
create table kind as select 'x' as code;
create function is_known(text) returns boolean stable language plpgsql as $$
begin
  return exists (select from kind where code = $1);
exception when others then return false;
end $$;
create table item (id int primary key, kind text constraint known check (is_known(kind)));
insert into item select i, 'x' from generate_series(1, 20) i;
