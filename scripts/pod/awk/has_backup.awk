# What pgbackrest's `info` says, flattened -> whether it has a backup of the server with the identifier `present`, or, where that is not known, of
# its newest one: yes or no.
$1 ~ /^0\.db\.[0-9]+\.id$/ { id = $2 }
$1 ~ /^0\.db\.[0-9]+\.system-id$/ { server[id] = newest = $2 }
$1 ~ /^0\.backup\.[0-9]+\.database\.id$/ { saved[$2] = 1 }
END {
	answer = "no"
	for (id in saved) if (server[id] "" == (present == "" ? newest : present) "") answer = "yes"
	print answer
}
