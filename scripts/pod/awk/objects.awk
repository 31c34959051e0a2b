# Lines whose first column is the first word of `keys`, as the objects of a JSON array: the other words are their keys. A
# column that holds nothing is left out.
BEGIN { n = split(keys, key, " ") }
$1 != key[1] { next }
{
	printf "%s\n    {", (some++) ? "," : ""
	for (i = 2; i <= n; i++) if ($i != "") printf "%s\"%s\": %s", (i > 2) ? ", " : "", key[i], $i
	printf "}"
}
