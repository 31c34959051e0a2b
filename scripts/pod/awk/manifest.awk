# What is found of a manifest, whose keys and tokens are in the array `is`: manifest_check(set) returns 0, or 65 or 78 and sets `why`;
# `databases` is their number. Only the keys that every reader relies on matter. File names come from outside: none may lead out
# of the set.
function need(good, else_why, else_status) { if (!good && !status) { why = else_why; status = else_status ? else_status : 65 } }
function is_text(key) { return is[key] ~ /^".*"$/ }
function is_file(key) { return is[key] ~ /^"[A-Za-z0-9_%-]+([.][a-z.]+)?"$/ }
function is_bulk(key) { return key ~ /^databases\.[0-9]+\.(tables|sequences|extensions|settings)\./ }
function manifest_check(set,  version, key, keys, i, at) {
	status = 0; why = ""; version = is["version"]
	need(version !~ /^[0-9]+$/ || version + 0 <= 3, "its format version " version " is newer than this script's (3): use a newer one", 78)
	# Of an encrypted set anybody sees numbers only.
	keys = split("set started server.version client format compression globals.file " (version == 3 ? "encrypted key" : "server.superuser"), key, " ")
	for (i = 1; i <= keys; i++) need(is_text(key[i]), "its manifest.json has no usable '" key[i] "'")
	need(version ~ /^[123]$/ && is["set"] == "\"" set "\"", "its manifest.json is for " is["set"] ", version " (version == "" ? "none" : version))
	for (databases = 0; is["databases." databases ".name"] is["databases." databases ".file"] != ""; databases++) {
		at = "databases." databases
		need((version == 3 || is_text(at ".name")) && is_file(at ".file") && (!((at ".objects") in is) || is_file(at ".objects")),
			"its manifest.json has no usable file name for database " databases)
	}
	need(is_file("globals.file"), "its manifest.json has no usable file name for the globals")
	need(version != 3 || is_file("contents.file"), "its manifest.json has no usable file name for its contents")
	return status
}
