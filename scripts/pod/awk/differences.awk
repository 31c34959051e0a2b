# Two files: contents as expected, and as found. Says what differs, at most 10 lines; status 65 if anything does.
# What one side does not know (null: rows only, or a value that could not be read) is not compared, and neither is
# an extension's version: an image with a newer one installs the newer. Of a set with object lists they say whether it is there.
function key() { return ($1 == "large_objects") ? $1 : ($1 == "extension") ? $1 " " $2 : $1 " " $2 "." $3 }
function first() { return ($1 == "large_objects") ? 2 : 4 }
function tell(text) { bad = 1; if (++told <= 10) print text }
listed != "" && $1 == "extension" { next }
NR == FNR { k = key(); expected[k] = $0; next }
{
	k = key(); found[k] = 1
	if (!(k in expected)) { tell(k " is not in the manifest"); next }
	fields = split(expected[k], want, FS)
	for (i = first(); i <= NF; i++)
		if (want[i] != $i && want[i] != "null" && want[i] != "" && $i != "null" && $i != "")
			tell(k ": saved " want[i] ", restored " $i)
}
END { for (k in expected) if (!(k in found)) tell(k " is missing"); exit bad ? 65 : 0 }
