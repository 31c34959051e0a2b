# Two files: a dump's sequences, and its contents (sql/contents.sql). A JSON string for each table that could not be read, and for
# each sequence whose next value is in use already: nothing that a backup can mend, but a restore gets the blame for the INSERT
# that fails.
function note(text) { print "\"" bare(ENVIRON["DATABASE"]) ": " text "\"" }
FILENAME == ARGV[1] { last[$2 FS $3] = $4; called[$2 FS $3] = ($5 == "true"); next }
$1 == "unread" { note("the rows of " bare($2) "." bare($3) " are not compared, as they could not be read as its owner: " bare($4)) }
$1 == "table" && $9 != "" && (($10 FS $11) in last) {
	at = last[$10 FS $11]
	if (at != "null" && ($9 + 0 > at + 0 || ($9 == at && !called[$10 FS $11])))
		note("the sequence " bare($10) "." bare($11) " stands at " at ", and " bare($2) "." bare($3) " has a row " $9 ": INSERTs there collide")
}
