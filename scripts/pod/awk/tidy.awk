# Makes the hashes of sql/contents.sql JSON values: with hashes=full strings, else null.
$1 == "table" { at = 6 }
$1 == "large_objects" { at = 3 }
$1 == "table" || $1 == "large_objects" {
	if ($at == "") $at = 0
	$at = (hashes == "full") ? "\"" $at "\"" : "null"
}
{ print }
