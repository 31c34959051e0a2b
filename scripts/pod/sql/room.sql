-- Bytes free on the server's data volume TAB its size; nothing where its file system does not tell. SQL has no word for that, but a
-- program that the server runs sees it: in the data directory, where the server works. It takes a superuser.
CREATE TEMPORARY TABLE room (line text);
COPY room FROM PROGRAM 'stat -f -c "%a %b %S" .';
SELECT a[1] * a[3], a[2] * a[3] FROM (SELECT string_to_array(line, ' ')::bigint[] FROM room) r (a) WHERE a[2] > 0;
