# The whole grammar, so that any layout and any key are read and any damage is noticed. Prints one line a
# value: path TAB token, e.g. databases.0.name TAB "brewget_auth". Strings stay in their JSON form, which
# holds neither tabs nor line breaks. A string never spans lines in JSON: cut at its quotes, a line's every second part
# is a string, and what stands between them is short.
function damaged(why) { print FILENAME ": line " NR ": " why > "/dev/stderr"; bad = 1; exit 65 }
# Other writers may put any letter as \uXXXX: one form for all, or equal names would not compare as equal.
function hex(digits,  i, n) {
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
		n = (c2 == "u") ? hex(substr(token, at + 2, 4)) : 0
		if (n >= 55296 && n < 56320) {
			out = out utf8(65536 + (n - 55296) * 1024 + hex(substr(token, at + 8, 4)) - 56320)
			token = substr(token, at + 12)
		}
		else if (n > 127) { out = out utf8(n); token = substr(token, at + 6) }
		else if (c2 == "/") { out = out "/"; token = substr(token, at + 2) }
		else { out = out substr(token, at, 2); token = substr(token, at + 2) }
	}
	return out token
}
function value(token) {
	if (!index(want, "v")) damaged("unexpected " token)
	if (kind[depth] == "[") name = count[depth]++
	if (token != "") print prefix[depth] name "\t" token
	want = depth ? ",c" : "end"
}
function open(k) {
	value("")
	prefix[depth + 1] = depth ? prefix[depth] name "." : ""
	kind[++depth] = k; count[depth] = 0; want = (k == "{") ? "kc" : "vc"
}
function close_(k) {
	if (!depth || kind[depth] != k || !index(want, "c")) damaged("unexpected end")
	depth--; want = depth ? ",c" : "end"
}
function string(text) {
	if (odd && text ~ /[\003-\037]/) damaged("a control character")
	if (escaped) { gsub(/\001/, "", text); gsub(/\002/, "\\\\&", text); gsub(/\002/, "\"", text) }
	if (index(want, "k")) { name = text; want = ":" }
	else value(escaped ? normal("\"" text "\"") : "\"" text "\"")
}
function between(text,  c, n) {
	while (1) {
		sub(/^[ \t\r]+/, "", text)
		if (text == "") return
		c = substr(text, 1, 1); n = 1
		if (c == ":") { if (want != ":") damaged("unexpected :"); want = "v" }
		else if (c == ",") { if (!index(want, ",")) damaged("unexpected ,"); want = (kind[depth] == "{") ? "k" : "v" }
		else if (c == "{" || c == "[") open(c)
		else if (c == "}") close_("{")
		else if (c == "]") close_("[")
		else {
			if (!match(text, /^(-?[0-9][0-9.eE+-]*|true|false|null)/)) damaged("not JSON")
			n = RLENGTH; value(substr(text, 1, n))
		}
		text = substr(text, n + 1)
	}
}
BEGIN { depth = 0; want = "v" }
{
	# While the line is cut, one byte keeps a pair of backslashes off what follows, another stands for an escaped
	# quote; JSON does not allow either as it is.
	if (/[\001\002]/) damaged("a control character")
	odd = /[\003-\037]/
	escaped = index($0, "\\")
	if (escaped) { gsub(/\\\\/, "&\001"); gsub(/\\"/, "\002") }
	parts = split($0, part, "\"")
	if (parts && parts % 2 == 0) damaged("a string without end")
	for (i = 1; i <= parts; i++) if (i % 2) between(part[i]); else string(part[i])
}
END { if (!bad && want != "end") { print FILENAME ": cut short" > "/dev/stderr"; exit 65 } }
