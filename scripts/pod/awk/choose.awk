# Three files: the databases that are wanted (none named: all), those to be left out, and those that there are (sql/source.sql).
# One that we may not connect to is skipped unless it is wanted by its name, which then fails.
# Prints what to dump (found), what is skipped and why, and what is wanted and missing.
FILENAME ~ /\/wanted$/ { wanted[$0] = 1; some = 1; next }
FILENAME ~ /unwanted$/ { unwanted[$0] = 1; next }
some && !($1 in wanted) { next }
$1 in wanted { delete wanted[$1]; if ($9 ~ /may not connect to it"$/) $9 = "" }
$1 in unwanted { $9 = "\"is named in backup.skip\"" }
$9 != "" { print "skipped", $1, $9; next }
{ print "found", $1, $2, $3, $4, $5, $6, $7, $8 }
END { for (name in wanted) print "missing", name }
