# The lines that sql/contents.sql prints, out of a flat manifest: those of the database whose keys begin with `at`.
index($1, at) != 1 { next }
{ rest = substr($1, length(at) + 1); parts = split(rest, p, ".") }
rest == "large_objects" { objects = $2 }
rest == "large_objects_hash" { objects_hash = $2 }
parts == 3 { item[p[1] "." p[2]] = p[1]; field[p[1] "." p[2] "." p[3]] = $2 }
END {
	for (i in item) {
		if (item[i] == "tables") print "table", field[i ".schema"], field[i ".name"], field[i ".owner"], field[i ".rows"], ((i ".hash_by_column") in field) ? field[i ".hash_by_column"] : field[i ".hash"]
		if (item[i] == "sequences") print "sequence", field[i ".schema"], field[i ".name"], field[i ".last_value"], field[i ".is_called"]
		if (item[i] == "extensions") print "extension", field[i ".name"], field[i ".version"]
	}
	print "large_objects", objects, (objects_hash == "") ? "null" : objects_hash
}
