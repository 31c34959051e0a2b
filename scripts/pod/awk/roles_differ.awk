# Three files: findings, the roles there are (sql/roles.sql), a flat manifest. Prints, as findings, the manifest's roles that are not what
# they were, but for those of which a finding has said what the server refused.
FILENAME == ARGV[1] { if ($3 == "\"role\"") said = said " " $4; next }
FILENAME == ARGV[2] { is[$2] = $3; next }
$1 ~ /^roles\.[0-9]+\.name$/ { name = $2 }
$1 ~ /^roles\.[0-9]+\.is$/ && is[name] != $2 && !index(said, substr(name, 2, length(name) - 2)) {
	print "differs", "\"\"", "\"role\"", name, (name in is) && is[name] != "" ? "\"another\"" : "\"missing\""
}
