# The dump's own setval lines, told apart from table data and function bodies that look the same: setval follows
# the last COPY block, a body comes before the first, and inside COPY nothing counts. Fed with the few lines that
# grep lets through. Also sees that the dump has its last line.
copying { if ($0 == "\\.") copying = 0; next }
/^COPY .* FROM stdin;$/ { copying = 1; for (old in value) delete value[old]; next }
/^-- PostgreSQL database dump complete$/ { complete = 1; next }
/^SELECT pg_catalog\.setval\(\047.*\047, -?[0-9]+, (true|false)\);$/ {
	line = substr($0, 27); match(line, /\047, -?[0-9]+, (true|false)\);$/)
	key = substr(line, 1, RSTART - 1); rest = substr(line, RSTART + 3)
	gsub(/\047\047/, "\047", key); sub(/\);$/, "", rest); sub(/, /, "\t", rest)
	# The same sequence twice: one of them is text that only looks like setval. Neither is believed.
	if (key in value) rest = "null\tnull"
	value[key] = rest
}
END {
	if (!complete) { print "its last line is missing" > "/dev/stderr"; exit 65 }
	while ((got = (getline line < keys)) > 0) {
		split(line, k, "\t"); key = substr(k[3], 2, length(k[3]) - 2)
		gsub(/\\\\/, "\001", key); gsub(/\\"/, "\"", key); gsub(/\001/, "\\", key)
		print "sequence\t" k[1] "\t" k[2] "\t" ((key in value) ? value[key] : "null\tnull")
	}
	if (got < 0) { print "the sequences cannot be listed" > "/dev/stderr"; exit 69 }
}
