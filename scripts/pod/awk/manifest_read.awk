# Of a flat manifest what a program reads at once (tables and their like stay in the file), and what it is found to be, last, as no
# key of a stranger's may stand for it.
is_bulk($1) { next }
{ is[$1] = $2; print }
END { manifest_check(set); print "databases\t" databases "\nstatus\t" status "\nwhy\t" why }
