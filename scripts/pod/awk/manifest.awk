# Of a flat manifest what a program reads at once (tables and their like stay in the file), and what it is found to be, last, as no
# key of a stranger's may stand for it: databases, how many; status 0, or 65 or 78 with why. Only the keys that every reader
# relies on matter. File names come from outside: none may lead out of the set.
function need(good, text, code) { if (!good && !status) { why = text; status = code ? code : 65 } }
function text(key) { return is[key] ~ /^".*"$/ }
function file(key) { return is[key] ~ /^"[A-Za-z0-9_%-]+([.][a-z.]+)?"$/ }
$1 ~ /^databases\.[0-9]+\.(tables|sequences|extensions|settings)\./ { next }
{ is[$1] = $2; print }
END {
	version = is["version"]
	need(version !~ /^[0-9]+$/ || version + 0 <= 2, "its format version " version " is newer than this script's (2): use a newer one", 78)
	keys = split("set started server.version server.superuser client format compression globals.file", key, " ")
	for (i = 1; i <= keys; i++) need(text(key[i]), "its manifest.json has no usable '" key[i] "'")
	need(version ~ /^[12]$/ && is["set"] == "\"" set "\"", "its manifest.json is for " is["set"] ", version " (version == "" ? "none" : version))
	for (n = 0; is["databases." n ".name"] is["databases." n ".file"] != ""; n++)
		need(text("databases." n ".name") && file("databases." n ".file") && (!(("databases." n ".objects") in is) || file("databases." n ".objects")),
			"its manifest.json has no usable file name for database " n)
	need(file("globals.file"), "its manifest.json has no usable file name for the globals")
	print "databases\t" n "\nstatus\t" status + 0 "\nwhy\t" why
}
