# Two files: statements about roles and databases, and psql's messages about them (of any VERBOSITY). Prints what the server refused as a
# line of WORK/findings. Without values: they may be secret, and this is shown to many.
# psql names a statement's last line; its first has no value.
FILENAME == ARGV[1] { if (open == "") first = $0; statement[FNR] = first; open = unclosed(open, $0); next }
match($0, /:[0-9]+: ERROR:  ([0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z]: )?/) {
	line = substr($0, RSTART + 1); text = substr($0, RSTART + RLENGTH)
	sub(/:.*/, "", line); sub(/: ".*/, "", text)
	name = statement[line]; sub(/;$/, "", name)
	if (name !~ /^(GRANT|REVOKE) /) sub(/ (TO|IS|=|WITH|PASSWORD) .*/, "", name)
	print "left_out", "\"\"", "\"role\"", quote(name), quote(text)
}
