# What pgbackrest's `info` says, flattened -> the type of the backup that is due, or -, and when the last one ended, or 0.
# Seconds: now, full, diff, incr.
{ gsub(/"/, "", $2) }
$1 ~ /^0\.backup\.[0-9]+\.timestamp\.stop$/ { stop = $2 }
# The last key of a backup: pgbackrest prints them in the order of the alphabet.
$1 ~ /^0\.backup\.[0-9]+\.type$/ {
	last["incr"] = stop
	if ($2 != "incr") last["diff"] = stop
	if ($2 == "full") last["full"] = stop
}
END {
	due = "-"
	if (now - last["incr"] >= incr) due = "incr"
	if (now - last["diff"] >= diff) due = "diff"
	if (now - last["full"] >= full) due = "full"
	print due, last["incr"] + 0
}
