# Three files: numbers of entries that were refused, tables without rows (sql/rowless.sql), an archive's table of contents.
# Prints the entries to try again.
FILENAME == "-" { refused[$1] = 1; next }
FILENAME == ARGV[2] { rowless[$0] = 1; next }
{
	number = $1; sub(/;.*/, "", number)
	if (number in refused) { print; next }
	if (!match($0, /^[0-9]+; 0 [0-9]+ TABLE DATA /)) next
	text = substr($0, RLENGTH + 1); sub(/ [^ ]*$/, "", text) # without the owner
	if (text in rowless) print
}
