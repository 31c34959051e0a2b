-- Three materialized views, each over the one before; the first needs the application's search_path.
-- plain: relation "rate" does not exist
-- right: whole
create table rate as select 3 as percent;
create function with_rate(int) returns int language sql stable as $$ select $1 * percent from rate $$;
create table t as select i as n from generate_series(1, 10) i;
create materialized view c_first as select n, with_rate(n) as rated from t;
create materialized view b_second as select sum(rated) as total from c_first;
create materialized view a_third as select total * 2 as doubled from b_second;
create index on c_first (rated);
