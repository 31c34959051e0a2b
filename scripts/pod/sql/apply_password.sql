-- The password of `role` is what PASSWORD_FILE (in the environment) holds. It goes from the file into a psql variable,
-- never through an argument list, and is kept out of the server's log.
\set password `cat -- "$PASSWORD_FILE"`
\if :SHELL_ERROR
	DO 'BEGIN RAISE EXCEPTION ''the password file cannot be read''; END';
\endif
SET log_statement = none; SET log_min_duration_statement = -1; SET log_min_error_statement = panic;
SET log_duration = off; SET log_transaction_sample_rate = 0;
SET "pg_stat_statements.track" = none; SET "pgaudit.log" = none; SET "auto_explain.log_min_duration" = -1;
SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password')
WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
