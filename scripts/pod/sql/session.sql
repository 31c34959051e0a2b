-- A row's text depends on these.
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3;
SET bytea_output = 'hex'; SET search_path = pg_catalog; SET lc_monetary = 'C'; SET xmloption = 'content';
SET quote_all_identifiers = off; SET synchronize_seqscans = off; SET jit = off;
