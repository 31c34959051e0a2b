-- For sessions that last: PostgreSQL 17 can limit a transaction's time, and 16 does not know how to be told not to.
SELECT 'SET transaction_timeout = 0' FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout' \gexec
