# Three files: what the server refused (WORK/refused), constraints that came back NOT VALID (WORK/not_valid), and the differences
# between the object lists (objects_compare). Prints, for `database`, a line a difference: left_out where the server has said why,
# else differs; then database, kind, name and reason as JSON. Variables: database, listed (the set has object lists). Classes
# 1249, 2609 and 3596 are columns, comments and security labels, with the number of what they are of.
function words(text, into,  n, i, part) { # of a name: schemas and quotes aside
	gsub(/[^A-Za-z0-9_\200-\377]+/, " ", text); n = split(text, part, " ")
	for (i = 1; i <= n; i++) into[part[i]] = 1
}
# Whether refusal i can be why that kind of object is not as it was: grants and comments are nobody else's reason.
function may(i, of, what) {
	if (kind[i] == "acl") return what ~ /grants/
	if (kind[i] ~ /^(comment|security label|default acl)$/) return index(of, substr(kind[i], 1, 7)) == 1
	return 1
}
function reason(class, oid, of, identity, what,  i, j, w, word) {
	for (i = 1; i <= refusals; i++)
		if (objid[i] == oid && (classid[i] == class || classid[i] == 0 || class ~ /^(1249|2609|3596)$/) && may(i, of, what)) return i
	sub(/("([^"\\]|\\.)*"|[A-Za-z0-9_\200-\377]+)\./, "", identity) # the schema
	words(identity, word)
	for (i = 1; i <= refusals; i++) {
		if (!may(i, of, what)) continue
		split(tag[i], w, " "); for (j in w) if (w[j] in word) return i
	}
	return 0
}
FILENAME == ARGV[1] {
	why[++refusals] = $3; text = $1
	match(text, /^[0-9]+; [0-9]+ [0-9]+ /); split(substr(text, 1, RLENGTH), id, /[; ]+/)
	classid[refusals] = id[2]; objid[refusals] = id[3]; text = substr(text, RLENGTH + 1)
	match(text, /^[A-Z]+( [A-Z]+)* /)
	kind[refusals] = tolower(substr(text, 1, RLENGTH - 1)); text = substr(text, RLENGTH + 1)
	sub(/ [^ ]*$/, "", text); name[refusals] = text # without the owner
	sub(/^[^ ]* /, "", text); sub(/\(.*/, "", text); gsub(/[^A-Za-z0-9_\200-\377]+/, " ", text); tag[refusals] = text # and the schema
	next
}
FILENAME == ARGV[2] { invalid[$1] = $2; next }
{
	if ($5 in invalid) { print "left_out", database, quote($4), $5, quote("not valid: " invalid[$5]); next }
	found = reason($2, $3, $4, $5, $6)
	if (found) { used[found] = 1; print "left_out", database, quote($4), $5, quote(why[found]) }
	else print "differs", database, quote($4), $5, quote($1 == "differs" ? "another " $6 : $1)
}
# What was refused and is the same all the same, as grants to a role that is gone: the lists would say it. Without them nothing would.
END { if (!listed) for (i = 1; i <= refusals; i++) if (!(i in used)) print "left_out", database, quote(kind[i]), quote(name[i]), quote(why[i]) }
