# Two files: rows by database now, and in the set `reference`. Prints what is gone, or has less than half of its rows.
FILENAME == ARGV[1] { now[$1] = $2; next } # may be empty, so not NR == FNR
# What a restore put aside is gone when somebody dropped it.
$1 ~ /_replaced_[0-9]+_[0-9]+"$|^"brewget_kept_[0-9]+_[0-9]+_[0-9]+"$/ { next }
!($1 in now) { print "database " $1 " of " reference " is gone"; next }
now[$1] * 2 < $2 { print "database " $1 " has " now[$1] " rows, in " reference " it had " $2 }
