# What a program said of why it failed: its last five lines, on one, and what that means.
{ said[NR] = $0 }
/too many clients|connection slots are reserved/ { hint = "No connection is free: max_connections of the server, or who holds them. " }
/invalid memory alloc request size|string buffer/ {
	hint = "Is a row larger than 1 GB as text? No dump can hold one; keep it in a large object, or in several rows. "
}
/conflict with recovery/ {
	hint = "A conflict with recovery: the server is a standby, and its primary did away with what was being read. What helps: hot_standby_feedback = on, a longer max_standby_streaming_delay, or a backup of the primary. "
}
/unlogged relations during recovery/ { hint = "A standby has no rows of unlogged tables: a backup of the primary has. " }
/unsupported startup parameter/ { hint = "Is a pooler in between? Not through a transaction pooler: it has to be the server itself. " }
END {
	for (i = (NR > 5) ? NR - 4 : 1; i <= NR; i++) { gsub(/[\t ]+/, " ", said[i]); printf "%s ", said[i] }
	printf "%s", hint
}
