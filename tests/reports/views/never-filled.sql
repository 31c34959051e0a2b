-- A materialized view that was not filled in the source either: nothing is missing.
-- right: whole
create table t as select i as n from generate_series(1, 10) i;
create materialized view later as select 1 / (n - 1) as n from t with no data;
create materialized view filled as select n from t;
