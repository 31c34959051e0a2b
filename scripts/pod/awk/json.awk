# Reads JSON, a line at a time: json_begin, json_line(text) for each, json_end; `bad` is what is wrong, or "". The whole grammar, so
# that any layout and any key are read and any damage is noticed. Calls emit(path, token) for each value, e.g.
# databases.0.name and "brewget_auth". Strings stay in their JSON form, which holds neither tabs nor line breaks. A string
# never spans lines in JSON: cut at its quotes, a line's every second part is a string, and what stands between them is short.
function damaged(why) { if (bad == "") bad = "line " lines ": " why }
# Other writers may put any letter as \uXXXX: one form for all, or equal names would not compare as equal.
function from_hex(digits,  i, n) {
	for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
	return n
}
function utf8(n) {
	if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
	if (n < 65536) return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
	return sprintf("%c%c%c%c", 240 + int(n / 262144), 128 + int(n / 4096) % 64, 128 + int(n / 64) % 64, 128 + n % 64)
}
function normal(token,  out, at, n) {
	if (token !~ /\\[u\/]/) return token
	while (at = index(token, "\\")) {
		out = out substr(token, 1, at - 1); c2 = substr(token, at + 1, 1)
		n = (c2 == "u") ? from_hex(substr(token, at + 2, 4)) : 0
		if (n >= 55296 && n < 56320) {
			out = out utf8(65536 + (n - 55296) * 1024 + from_hex(substr(token, at + 8, 4)) - 56320)
			token = substr(token, at + 12)
		}
		else if (n > 127) { out = out utf8(n); token = substr(token, at + 6) }
		else if (c2 == "/") { out = out "/"; token = substr(token, at + 2) }
		else { out = out substr(token, at, 2); token = substr(token, at + 2) }
	}
	return out token
}
function value(token) {
	if (!index(json_want, "v")) damaged("unexpected " token)
	if (json_kind[json_depth] == "[") json_key = json_count[json_depth]++
	if (token != "") emit(json_prefix[json_depth] json_key, token)
	json_want = json_depth ? ",c" : "end"
}
function open(k) {
	value("")
	json_prefix[json_depth + 1] = json_depth ? json_prefix[json_depth] json_key "." : ""
	json_kind[++json_depth] = k; json_count[json_depth] = 0; json_want = (k == "{") ? "kc" : "vc"
}
function close_(k) {
	if (!json_depth || json_kind[json_depth] != k || !index(json_want, "c")) damaged("unexpected end")
	json_depth--; json_want = json_depth ? ",c" : "end"
}
function string(text) {
	if (odd && text ~ /[\003-\037]/) damaged("a control character")
	if (escaped) { gsub(/\001/, "", text); gsub(/\002/, "\\\\&", text); gsub(/\002/, "\"", text) }
	if (index(json_want, "k")) { json_key = text; json_want = ":" }
	else value(escaped ? normal("\"" text "\"") : "\"" text "\"")
}
function between(text,  c, n) {
	while (bad == "") {
		sub(/^[ \t\r]+/, "", text)
		if (text == "") return
		c = substr(text, 1, 1); n = 1
		if (c == ":") { if (json_want != ":") damaged("unexpected :"); json_want = "v" }
		else if (c == ",") { if (!index(json_want, ",")) damaged("unexpected ,"); json_want = (json_kind[json_depth] == "{") ? "k" : "v" }
		else if (c == "{" || c == "[") open(c)
		else if (c == "}") close_("{")
		else if (c == "]") close_("[")
		else {
			if (!match(text, /^(-?[0-9][0-9.eE+-]*|true|false|null)/)) return damaged("not JSON")
			n = RLENGTH; value(substr(text, 1, n))
		}
		text = substr(text, n + 1)
	}
}
function json_begin() { json_depth = 0; json_want = "v"; bad = ""; lines = 0 }
function json_line(text,  part, parts, i) {
	lines++
	# While the line is cut, one byte keeps a pair of backslashes off what follows, another stands for an escaped
	# quote; JSON does not allow either as it is.
	if (text ~ /[\001\002]/) damaged("a control character")
	odd = text ~ /[\003-\037]/
	escaped = index(text, "\\")
	if (escaped) { gsub(/\\\\/, "&\001", text); gsub(/\\"/, "\002", text) }
	parts = split(text, part, "\"")
	if (parts && parts % 2 == 0) damaged("a string without end")
	for (i = 1; i <= parts && bad == ""; i++) if (i % 2) between(part[i]); else string(part[i])
}
function json_end() { if (bad == "" && json_want != "end") bad = "cut short" }
