# What several programs here do with texts; read before them.
BEGIN { for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i }
function hex(text,  i, out) { for (i = 1; i <= length(text); i++) out = out sprintf("%02x", ord[substr(text, i, 1)]); return out }
function bare(token) { return substr(token, 2, length(token) - 2) } # of a JSON string
# As a JSON string. busybox 1.37 takes a backslash in a replacement for one only before another or an &.
function quote(text) { gsub(/[\\"]/, "\\\\&", text); gsub(/[\001-\037]/, " ", text); return "\"" text "\"" }
function unclosed(quoted, text,  i, c) { # the quote that is open at the end of SQL, with `quoted` open before
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (quoted == "") { if (c == "\"" || c == "\047") quoted = c }
		else if (c == quoted) quoted = ""
	}
	return quoted
}
