# What anybody may know of an encrypted set, as its manifest.json: of its own manifest, flat, the keys below, and of tables and what was
# skipped the numbers. Variables: file, bytes, sha256 (of the manifest with all names).
function pair(key,  name) { name = key; sub(/.*\./, "", name); return "\"" name "\": " ((key in is) ? is[key] : "null") }
function pairs(prefix, names,  n, name, i, out) {
	n = split(names, name, " ")
	for (i = 1; i <= n; i++) out = out (i > 1 ? ", " : "") pair(prefix name[i])
	return out
}
{ n = split($1, p, ".") }
n == 5 && p[1] == "databases" && p[3] == "tables" { if (p[5] == "rows") { tables[p[2]]++; rows[p[2]] += $2 }; next }
n == 3 && p[1] == "role" && p[2] == "limits" { limits++; next }
n == 3 && p[1] == "skipped" { if (p[3] == "name") skipped++; next }
{ is[$1] = $2 }
END {
	printf "{\"version\": 3, %s,\n", pairs("", "set reason pinned")
	printf " \"flagged\": %s, %s,\n", (is["flagged"] == "null" ? "null" : "\"data is missing since the set before, or nobody could compare the two: the log of the run says which\""),
		pairs("", "accepted_shrink started finished store")
	printf " \"server\": {%s},\n", pairs("server.", "version system_identifier data_free_bytes data_size_bytes")
	if (limits)
		printf " \"role\": {\"superuser\": false, \"limits\": [\"the role is no superuser, and %d things are not saved: the log of the run names them\"]},\n", limits
	printf " %s,\n", pairs("", "client format compression encrypted key")
	printf " \"contents\": {\"file\": \"%s\", \"bytes\": %s, \"sha256\": \"%s\"},\n", file, bytes, sha256
	printf " \"globals\": {%s},\n \"databases\": [", pairs("globals.", "file bytes sha256")
	for (i = 0; ("databases." i ".file") in is; i++)
		printf "%s\n  {%s, \"tables\": %d, \"rows\": %.0f}", (i ? "," : ""), pairs("databases." i ".", "file bytes sha256 objects size"), tables[i], rows[i]
	printf "\n ],\n \"skipped\": %d}\n", skipped
}
