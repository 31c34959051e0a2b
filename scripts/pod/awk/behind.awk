# Two files: a dump's sequences, and its contents (sql/contents.sql). A JSON string for each sequence whose next value is in use
# already: nothing that a backup can mend, but a restore gets the blame for the INSERT that fails.
FILENAME == ARGV[1] { last[$2 FS $3] = $4; called[$2 FS $3] = ($5 == "true"); next }
$1 == "table" && $8 != "" && (($9 FS $10) in last) {
	at = last[$9 FS $10]
	if (at != "null" && ($8 + 0 > at + 0 || ($8 == at && !called[$9 FS $10])))
		print "\"the sequence " bare($9) "." bare($10) " stands at " at ", and " bare($2) "." bare($3) " has a row " $8 ": INSERTs there collide\""
}
