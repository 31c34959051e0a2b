# Names of WAL files, as they lie in a stream, a queue or a repository -> the newest timeline, and where its newest segment begins:
# 00000002 0/5000000. A timeline that has only begun has none yet: 0/0.
# No {8} in a pattern: mawk takes that for its letters.
{ sub(/^.*\//, ""); sub(/\.partial$/, "") }
(/^[0-9A-F]+\.history$/ && length($0) == 16) || (/^[0-9A-F]+$/ && length($0) == 24) {
	timeline = substr($0, 1, 8)
	if (timeline > newest) { newest = timeline; segment = "" }
	if (length($0) == 24 && timeline == newest && $0 > segment) segment = $0
}
function hex(text) { sub(/^0+/, "", text); return text == "" ? "0" : text }
END {
	if (newest == "") newest = "00000000"
	print newest, (segment == "") ? "0/0" : hex(substr(segment, 9, 8)) "/" substr(segment, 23, 2) "000000"
}
