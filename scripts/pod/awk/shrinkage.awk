# Four files: the databases that have to be there, those that are left out on purpose (backup.skip), and tables (awk/tables.awk)
# now and in the set `reference`. Prints why TAB what is gone, where that is more than half of all rows or one of those databases,
# and emptied TAB name for each table that has no rows any more. Rows of unlogged tables do not count: a crash takes them. Nor
# do those of a table that could not be read, and what a restore put aside: it is gone when somebody dropped it.
function say(what) { print "why", what " of " reference " is gone" }
FILENAME == ARGV[1] { required[$1] = 1; next }
FILENAME == ARGV[2] { left_out[$1] = 1; next }
$1 in left_out { next }
$1 ~ /_replaced_[0-9]+_[0-9]+"$|^"brewget_kept_[0-9]+_[0-9]+_[0-9]+"$/ { next }
{ key = $1 FS $2 FS $3 }
FILENAME == ARGV[3] { there[$1] = 1; rows[key] = $4; if ($5 == "true" || $4 == "null") unlogged[key] = 1; else now += $4; next }
NF < 4 { if (($1 in required) && !($1 in there)) say("database " $1); next }
$5 == "true" || $4 == "null" || (key in unlogged) { next }
{ before += $4 }
$4 > 0 && (key in rows) && rows[key] == 0 { print "emptied", "\"" bare($1) "." bare($2) "." bare($3) "\"" }
END { if (now * 2 < before) say(sprintf("more than half of the rows (%.0f of %.0f are left)", now, before)) }
