# The flat array of list.sh as a table for a person.
function plain(token,  out, at, c) { # what a name or a server's message holds must not move the reader's cursor
	if (token == "null") return ""
	gsub(/[\001-\037\177]/, "?", token)
	if (token !~ /^"/) return token
	token = substr(token, 2, length(token) - 2)
	while (at = index(token, "\\")) {
		c = substr(token, at + 1, 1)
		out = out substr(token, 1, at - 1) (c ~ /["\\]/ ? c : "?")
		token = substr(token, at + (c == "u" ? 6 : 2))
	}
	return out token
}
function age(n) {
	if (n == "") return "?"
	return n >= 86400 ? sprintf("%d d %02d h", n / 86400, n / 3600 % 24) : sprintf("%d h %02d min", n / 3600, n / 60 % 60)
}
function size(n,  i) {
	for (i = 1; n >= 1024 && i < 5; i++) n /= 1024
	return sprintf(i == 1 ? "%d %s" : "%.1f %s", n, unit[i])
}
function either(text, other) { return text == "" ? other : text }
function if_any(before, text, after) { return text == "" ? "" : before text after }
function notes(  out) {
	out = if_any(" ", v["pinned"] == "true" ? "pinned" : "") if_any(" flagged: ", v["flagged"]) if_any(" not verified: ", v["unverified"])
	if (v["left_out_count"] > 0 && v["left_out.0.name"] == "") out = out " left out: " v["left_out_count"] " (encrypted)"
	out = out if_any(" left out: " v["left_out.0.kind"] " ", v["left_out.0.name"], v["left_out.1.name"] == "" ? "" : " and more (list.sh --json)")
	if (v["state"] != "published") out = out " " v["state"] if_any(" ", v["set_aside"], " by " either(v["set_aside_by"], "?")) if_any(": ", v["why"])
	return substr(out, 2)
}
function row() {
	if (number != "")
		printf line, v["set"], age(v["age_seconds"]), size(v["bytes"]), either(v["reason"], "?"), v["verified"] == "true" ? "yes" : "no", notes()
	split("", v)
}
BEGIN {
	split("B KiB MiB GiB TiB", unit, " ")
	line = "%-23s %-12s %-10s %-12s %-9s %s\n"
	printf line, "SET", "AGE", "SIZE", "REASON", "VERIFIED", "NOTES"
}
{
	at = index($1, ".")
	if (substr($1, 1, at - 1) != number) { row(); number = substr($1, 1, at - 1) }
	v[substr($1, at + 1)] = plain($2)
}
END { row() }
