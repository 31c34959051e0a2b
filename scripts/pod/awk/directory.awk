# Three files: an archive's table of contents, the contents of its database (sql/contents.sql), and of the directory the paths of all
# files, then the lists of its large objects. Says what is missing or too much; status 1 then.
function need(what, wanted, found) { if (wanted + 0 != found + 0) { print what ": " wanted + 0 " are needed, there are " found + 0; bad = 1 } }
# The second field is 0 for rows; else somebody's schema is named DATA.
FILENAME == ARGV[1] { if ($2 == 0 && $4 == "TABLE" && $5 == "DATA") tables++; next }
FILENAME == ARGV[2] { if ($1 == "large_objects") objects = $2; next }
/\/[0-9][^\/]*\.dat[^\/]*$/ { rows++ }
/\/blob_[^\/]*\.dat[^\/]*$/ { blobs++ }
/^[0-9]+ blob_[0-9]+\.dat$/ { listed++ }
END { need("files of rows", tables, rows); need("files of large objects", objects, blobs); need("listed large objects", objects, listed); exit bad }
