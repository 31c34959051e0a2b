# Two files: hash partitions (sql/hash_partitions.sql), and contents. Prints one line more for each table that such
# partitions belong to, and leaves nothing to compare in their own. An enum hashes by numbers that each server gives out
# anew: pg_dump loads such rows by the table above, and they may come into another partition. Their hashes are sums, so
# they add up; modulo a prime of 48 bits, because awk's numbers are exact up to 53 bits only.
function residue(text,  i, n) {
	for (i = 1; i <= length(text); i++) if (substr(text, i, 1) ~ /[0-9]/) n = (n * 10 + substr(text, i, 1)) % prime
	return (text ~ /-/) ? prime - n : n + 0
}
BEGIN { prime = 281474976710597 }
FILENAME == ARGV[1] { above[$2 FS $3] = $4 FS $5; next }
$1 == "table" && (($2 FS $3) in above) {
	t = above[$2 FS $3]; rows[t] += $5; hash[t] = (hash[t] + residue($6)) % prime
	if ($5 !~ /[0-9]/) uncounted[t] = 1
	if ($6 !~ /[0-9]/) unknown[t] = 1
	$5 = $6 = "null"
}
{ print }
END { for (t in rows) print "hash partitions of", t, (t in uncounted) ? "null" : sprintf("%.0f", rows[t]), (t in unknown) ? "null" : sprintf("%.0f", hash[t]) }
