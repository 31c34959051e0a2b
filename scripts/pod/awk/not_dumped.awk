# What a program said of why it failed: its last five lines, on one, and what that means.
{ said[NR] = $0 }
/too many clients|connection slots are reserved/ { hint = "No connection is free: max_connections of the server, or who holds them. " }
/invalid memory alloc request size|string buffer/ {
	hint = "Is a row larger than 1 GB as text? No dump can hold one; keep it in a large object, or in several rows. "
}
END {
	for (i = (NR > 5) ? NR - 4 : 1; i <= NR; i++) { gsub(/[\t ]+/, " ", said[i]); printf "%s ", said[i] }
	printf "%s", hint
}
