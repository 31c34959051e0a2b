# What restic's `snapshots --json` says, flattened -> the tags of each: the names of the sets.
$1 ~ /^[0-9]+\.tags\.[0-9]+$/ {
	gsub(/"/, "", $2)
	print $2
}
