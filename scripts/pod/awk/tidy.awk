# Makes the hashes of sql/contents.sql JSON values: with hashes=full strings, else null. That of a table with long rows goes into the
# eighth column, where readers who hash every row as a whole do not look for it. A table that could not be read has neither
# rows nor hash.
$1 == "table" && $5 == "" { $5 = $6 = "null"; $8 = ""; print; next }
$1 == "table" { at = 6 }
$1 == "large_objects" { at = 3 }
$1 == "table" || $1 == "large_objects" {
	if ($at == "") $at = 0
	$at = (hashes == "full") ? "\"" $at "\"" : "null"
}
$1 == "table" { long = $8; $8 = ""; if (long > 0) { $8 = $6; $6 = "null" } }
{ print }
