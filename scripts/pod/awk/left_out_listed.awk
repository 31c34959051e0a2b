# The key left_out of a flat verified.json, as the objects of a JSON array: of each what it is and why, whatever else is there.
split($1, p, ".") == 3 && p[1] == "left_out" && p[3] ~ /^(database|kind|name|why)$/ {
	if (!some || p[2] != at) { printf "%s{", (some++) ? "}, " : ""; at = p[2]; first = 1 } # unset, `at` would equal 0
	printf "%s\"%s\": %s", first ? "" : ", ", p[3], $2; first = 0
}
END { if (some) printf "}" }
