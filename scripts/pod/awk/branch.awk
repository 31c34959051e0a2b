# The history of `timeline`, then what pgbackrest's `info` says, flattened -> the labels of the backups that lead to it, newest first: of the
# newest server (of all timelines, where it is empty), and, where these are given, ended before `time` (seconds) and at or before `lsn`. After a
# restore to a moment the newest of all may be of what was left. By time also those of servers before, with a mark behind them: `LABEL -`. With
# `same` none of those, and none of a timeline before.
function at(lsn, part) {
	split(lsn, part, "/")
	lsn = sprintf("%8s%8s", part[1], part[2])
	gsub(/ /, "0", lsn)
	return lsn
}
{ gsub(/"/, "", $2) }
# 1	0/A000000	no recovery target specified
$1 ~ /^[0-9]+$/ { left[sprintf("%08X", $1)] = at($2) }
$1 ~ /^0\.backup\.[0-9]+\.archive\.stop$/ { own = substr($2, 1, 8) }
$1 ~ /^0\.backup\.[0-9]+\.database\.id$/ { server = $2 }
$1 ~ /^0\.backup\.[0-9]+\.label$/ { label = $2 }
$1 ~ /^0\.backup\.[0-9]+\.lsn\.stop$/ { stop = at($2) }
$1 ~ /^0\.backup\.[0-9]+\.timestamp\.stop$/ { ended = $2 }
# The last key of a backup: pgbackrest prints them in the order of the alphabet.
$1 ~ /^0\.backup\.[0-9]+\.type$/ {
	of[++count] = server
	leads[count] = timeline == "" || own == timeline || (!same && own in left && stop <= left[own])
	if ((time == "" || ended + 0 < time + 0) && (lsn == "" || stop <= at(toupper(lsn)))) labels[count] = label
}
END {
	for (i = count; i > 0; i--) {
		if (!(i in labels)) continue
		if (of[i] == of[count] && leads[i]) print labels[i]
		if (of[i] != of[count] && time != "" && !same) print labels[i], "-"
	}
}
