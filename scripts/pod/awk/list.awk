# The sets of a store as the objects of a JSON array. Lines: set TAB directory TAB 0 or 1, whether we may read it; and of the files below
# the store, as stat and sha256sum say it: size BLANK path, and sum BLANK BLANK path of each SHA256SUMS. The files themselves are
# read here: a program for each would take longer than all else. Variables: root, store (its id), now.
function emit(path, token) {
	if (!is_bulk(path)) is[path] = token
	else if (path ~ /^databases\.[0-9]+\.tables\.[0-9]+\.rows$/) rows += token
	if (path ~ /^databases\.[0-9]+\.rows$/) rows += token # of an encrypted set
}
# Into `is`. Returns what is wrong with it, or "".
function read_json(path,  line, got) {
	split("", is); rows = 0
	json_begin()
	while ((got = (getline line < (root "/" path))) > 0) { json_line(line); if (bad != "") break }
	close(root "/" path)
	if (got < 0) return "cannot be read"
	json_end()
	return bad == "" ? "" : "is damaged (" base(path) ": " bad ")"
}
function base(path) { sub(/.*\//, "", path); return path }
function one_of_ours(key) { return is[key] ~ /^"[^\001-\037]*"$/ ? is[key] : "null" }
# Seconds since 1970 of a time as utc writes it, or as a set's name has it; "" where that is none.
function epoch(time,  y, m, d, seconds) {
	gsub(/[^0-9]/, "", time)
	y = substr(time, 1, 4); m = substr(time, 5, 2) + 0; d = substr(time, 7, 2) + 0
	if (length(time) != 14 || m < 1 || m > 12 || d < 1 || d > 31 || substr(time, 9, 2) > 23 || substr(time, 11, 2) > 59) return ""
	seconds = (substr(time, 9, 2) * 60 + substr(time, 11, 2)) * 60 + substr(time, 13, 2)
	if (m <= 2) { y--; m += 12 }
	return (365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d - 719469) * 86400 + seconds
}
# Sets kind, and why where it does not count.
function judge(at, set,  damage) {
	kind = "unreadable"
	if (!may_read[at]) return "user " user " may not read it"
	if (!((at "/manifest.json") in size) && !((at "/SHA256SUMS") in size)) { kind = "foreign"; return "it has no manifest.json" }
	if ((at "/manifest.json") in size) damage = read_json(at "/manifest.json")
	else { kind = "damaged"; split("", is); return "it has no manifest.json" }
	if (damage == "cannot be read") return "its manifest.json " damage
	kind = "damaged"
	if (damage != "") { split("", is); return "its manifest.json " damage }
	if (manifest_check(set)) {
		if (status == 78 && is["store"] == "\"" store "\"") kind = "newer"
		else if (status == 78) kind = "foreign"
		else if (is["set"] ~ /^"backup_/ && is["set"] != "\"" set "\"") kind = "foreign"
		return why
	}
	kind = "published"
	if (is["store"] == "\"" store "\"") return ""
	kind = "foreign"
	return "it was made for store " (("store" in is) ? is["store"] : "none")
}
# Sets left, their number.
function left_out(  i, k, keys, key, out, one) {
	left = 0
	keys = split("database kind name why", key, " ")
	for (i = 0; one != "" || !i; i++) {
		one = ""
		for (k = 1; k <= keys; k++)
			if (("left_out." i "." key[k]) in is) one = one (one == "" ? "" : ", ") "\"" key[k] "\": " is["left_out." i "." key[k]]
		if (one == "") continue
		left++; out = out (out == "" ? "" : ", ") "{" one "}"
	}
	return out
}
function reads(path) { return (path in size) && read_json(path) == "" }
# What lies beside the set, about these very bytes.
function is_about(path, at) { return reads(path) && is["sums"] == "\"" sum[at "/SHA256SUMS"] "\"" }
function later(a, b) { return a > b ? a : b }
function describe(at,  set, said, lacks, is_encrypted, started, age, reason, flagged, count, total, pinned, verified, unverified, gone, restored, seen, because, aside, by) {
	set = base(at); unverified = because = aside = by = "null"; verified = pinned = "false"; restored = seen = ""
	said = judge(at, set); lacks = 0; is_encrypted = ("encrypted" in is) ? "true" : "false"
	started = is["started"]; reason = one_of_ours("reason"); flagged = one_of_ours("flagged"); pinned = is["pinned"]; total = rows; count = databases
	if (said == "") {
		age = epoch(started)
		if (age == "") age = epoch(set)
		if ((at "/pinned.json") in size) pinned = (read_json(at "/pinned.json") != "" || is["set"] != "\"" set "\"" || is["pinned"] != "false") ? "true" : "false"
		restored = seen = epoch(set)
		if (is_about(at "/verified.json", at)) {
			if (is["result"] == "\"good\"" && is["set"] == "\"" set "\"") { verified = "true"; gone = left_out(); lacks = ("left_out_count" in is) ? is["left_out_count"] + 0 : left }
			restored = seen = later(seen, epoch(is["verified"]))
		}
		if (is_about(at "/read.json", at)) seen = later(seen, epoch(is["read"]))
		if (verified != "true" && reads(at "/unverified.json")) unverified = one_of_ours("why")
	} else { started = reason = flagged = ""; count = 0; because = quote(said) }
	if (at ~ /^failed\// && kind != "foreign") {
		kind = "failed"
		if (reads(at "/failed.json")) {
			aside = one_of_ours("failed"); by = one_of_ours("by")
			if (one_of_ours("why") != "null") because = is["why"]
		}
	}
	printf "%s{\"set\": \"%s\", \"state\": \"%s\", \"started\": %s, \"age_seconds\": %s, \"bytes\": %.0f, \"reason\": %s, ", (listed++ ? ",\n" : ""),
		set, kind, null_if_none(started), (age == "" ? "null" : sprintf("%.0f", now - age)), bytes[at], null_if_none(reason)
	printf "\"databases\": %d, \"rows\": %s, \"proof_age_seconds\": %s, \"reading_age_seconds\": %s, ", count, (said == "" ? sprintf("%.0f", total) : "null"),
		(verified == "true" ? now - restored : "null"), (seen == "" ? "null" : now - seen)
	printf "\"verified\": %s, \"unverified\": %s, \"left_out\": [%s], \"left_out_count\": %d, \"pinned\": %s, ", verified, unverified, gone, lacks, (pinned == "true" ? "true" : "false")
	printf "\"encrypted\": %s, \"flagged\": %s, \"set_aside\": %s, \"set_aside_by\": %s, \"why\": %s}", is_encrypted, null_if_none(flagged), aside, by, because
}
function null_if_none(token) { return token == "" ? "null" : token }
BEGIN { printf "[\n" }
$1 == "set" { order[++sets] = $2; may_read[$2] = $3; next }
$0 ~ /^[0-9]+ \.\// {
	path = substr($0, index($0, " ") + 3); size[path] = $0 + 0
	at = path; sub(/\/.*/, "", at)
	if (at == "failed") { at = substr(path, 8); sub(/\/.*/, "", at); at = "failed/" at }
	bytes[at] += size[path]
}
$0 ~ /^[0-9a-f]+  \.\// { sum[substr($0, index($0, " ") + 4)] = substr($0, 1, index($0, " ") - 1) }
END {
	for (i = 1; i <= sets; i++) describe(order[i])
	print "\n]"
}
