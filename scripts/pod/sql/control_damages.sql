-- Makes the database brewget_damaged: brewget_control (sql/control.sql) as a faulty program would have left it, by the name `damage`.
DROP DATABASE IF EXISTS brewget_damaged;
CREATE DATABASE brewget_damaged OWNER brewget_control TEMPLATE brewget_control;
\connect brewget_damaged
SELECT statement FROM (VALUES
	('a row is missing', 'DELETE FROM brewget_control.beer WHERE id = 2'),
	('a value is another', $$UPDATE brewget_control.beer SET name = 'pilsner' WHERE id = 2$$),
	('a table is missing', 'DROP TABLE brewget_control.keg'),
	('an index is missing', 'DROP INDEX brewget_control.beer_name'),
	('a sequence is set back', $$SELECT setval('brewget_control.tap', 3)$$)) AS damages (name, statement)
	WHERE name = :'damage' \gexec
