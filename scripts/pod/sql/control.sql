-- What verify.sh --control saves and damages: the smallest database of those that came back, and in it something to lose
-- whatever the set holds.
CREATE ROLE brewget_control LOGIN;
SELECT format('CREATE DATABASE brewget_control OWNER brewget_control TEMPLATE %I', datname) FROM pg_database
	WHERE datallowconn AND NOT datistemplate ORDER BY pg_database_size(oid) LIMIT 1 \gexec
\connect brewget_control
CREATE SCHEMA brewget_control;
CREATE TABLE brewget_control.beer (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO brewget_control.beer VALUES (1, 'ale'), (2, 'porter'), (3, 'stout');
CREATE INDEX beer_name ON brewget_control.beer (name);
CREATE TABLE brewget_control.keg (id integer);
CREATE SEQUENCE brewget_control.tap;
SELECT setval('brewget_control.tap', 7);
