# Three files: what pg_restore --verbose said, tables without rows (sql/rowless.sql), an archive's table of contents.
# Prints the entries to try again: those that were refused, and rows of tables that are empty, which come all or none.
FILENAME == ARGV[1] {
	# Several workers write, so that a line may have two messages.
	while (match($0, /from TOC entry [0-9]+;/)) {
		refused[substr($0, RSTART + 15, RLENGTH - 16)] = 1
		$0 = substr($0, RSTART + RLENGTH)
	}
	next
}
FILENAME == ARGV[2] { rowless[$0] = 1; next }
{
	number = $1; sub(/;.*/, "", number)
	if (number in refused) { print; next }
	if (!match($0, /^[0-9]+; 0 [0-9]+ TABLE DATA /)) next
	text = substr($0, RLENGTH + 1); sub(/ [^ ]*$/, "", text) # without the owner
	if (text in rowless) print
}
