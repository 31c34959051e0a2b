-- The password of `role`, which psql reads twice from its stdin. Only its verifier reaches the server, and is kept out of the
-- server's log as well: it is as good as the password for who wants to guess it.
SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
SET log_duration = off; SET log_transaction_sample_rate = 0;
SET "pg_stat_statements.track" = none; SET "pgaudit.log" = none; SET "auto_explain.log_min_duration" = -1;
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') AS there \gset
\if :there
	\password :"role"
\endif
