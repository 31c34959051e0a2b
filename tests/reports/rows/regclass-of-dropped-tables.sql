-- regclass columns whose tables are gone: only numbers are left, and in a new server some of these are somebody else's.
-- right: whole
-- numbers: differ
create table audited (at timestamptz default '2026-01-01', target regclass);
do $$ begin
  for i in 1..60 loop
    execute format('create table scratch_%s (id int primary key, t text)', i);
    insert into audited (target) values (format('scratch_%s', i)::regclass);
  end loop;
  for i in 1..60 loop execute format('drop table scratch_%s', i); end loop;
  for i in 1..60 loop execute format('create table kept_%s (id int primary key, t text)', i); end loop;
end $$;
