-- What a materialized view holds was unique when it was filled last.
-- plain: could not create unique index "one_each"
-- right: left out
-- left out: numbers: could not create unique index
create table t (n int);
insert into t select generate_series(1, 10);
create materialized view numbers as select n from t;
create unique index one_each on numbers (n);
insert into t values (1);
