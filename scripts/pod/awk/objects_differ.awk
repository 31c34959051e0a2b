# Object lists (sql/objects.sql), told apart by `part`: 1 as saved, 2 as found, 3 as found once what differs by its definition
# alone was made anew (sql/objects_remake.sql; the lines "remade" say what from). Prints the differences; with `ask` instead
# what is to be made anew: found classid, objid, kind, saved definition.
function state(definition) { return match(definition, /^"\/\*[^*]*\*\/ /) ? substr(definition, 1, RLENGTH) : "\"" }
function statement(definition) { return substr(definition, length(state(definition)) + 1) }
function tell(how, line, what) {
	split(line, column, FS)
	if (!ask) print how, column[1], column[2], column[3], column[4], what
}
# A definition is printed otherwise after one reload (IN on a varchar); what it is bound to is not, so that must be equal.
function is_same_anew(was, is, key) {
	return (key in remade) && statement(remade[key]) == statement(is) && state(was) == state(is)
}
part == 1 { saved[$3 FS $4] = $0; next }
part == 2 { found[$3 FS $4] = $0; next }
$1 == "remade" { origin[$4 FS $5] = $2 FS $3; next }
($1 FS $2) in origin { remade[origin[$1 FS $2]] = $8 }
END {
	for (object in saved) {
		if (!(object in found)) { tell("missing", saved[object], ""); continue }
		split(saved[object], was, FS); split(found[object], is, FS)
		what = (was[5] == is[5]) ? "" : ",owner"
		if (was[6] != is[6]) what = what ",grants"
		if (was[7] != is[7]) what = what ",dependencies"
		if (was[8] != is[8]) {
			if (ask) print is[1], is[2], is[3], was[8]
			if (!is_same_anew(was[8], is[8], is[1] FS is[2])) what = what ",definition"
		}
		if (what != "") tell("differs", saved[object], substr(what, 2))
	}
	for (object in found) if (!(object in saved)) tell("more", found[object], "")
}
