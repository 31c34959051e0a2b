# The setval statements of a dump, as the lines of sql/sequences.sql. Those that there are stand in the file `keys`: schema and
# name as JSON, and the name in the dump in hexadecimal, as the dump is in the encoding of its database.
/^SELECT pg_catalog\.setval\(\047.*\047, -?[0-9]+, (true|false)\);$/ {
	line = substr($0, 27); match(line, /\047, -?[0-9]+, (true|false)\);$/)
	key = substr(line, 1, RSTART - 1); rest = substr(line, RSTART + 3)
	gsub(/\047\047/, "\047", key); sub(/\);$/, "", rest); sub(/, /, "\t", rest)
	key = hex(key)
	# The same sequence twice: one of them is a name that only looks like setval. Neither is believed.
	if (key in value) rest = "null\tnull"
	value[key] = rest
}
END {
	while ((got = (getline line < keys)) > 0) {
		split(line, k, "\t")
		print "sequence\t" k[1] "\t" k[2] "\t" ((k[3] in value) ? value[k[3]] : "null\tnull")
	}
	if (got < 0) { print "the sequences cannot be listed" > "/dev/stderr"; exit 69 }
}
