# Names of a repository's WAL files, sorted -> the first segment behind the last gap, without its timeline, or nothing. A timeline begins in
# the segment in which the one before it was left, or in an earlier one.
function number(name,  i, n) {
	for (i = 9; i <= 24; i++) n = n * 16 + index("0123456789ABCDEF", substr(name, i, 1)) - 1
	return int(n / 4294967296) * 256 + n % 4294967296
}
{ sub(/^.*\//, ""); name = substr($0, 1, 24) }
name !~ /^[0-9A-F]+$/ || length(name) < 24 { next }
{
	here = number(name)
	if (last != "" && here > last + 1) gap = substr(name, 9)
	last = here
}
END { if (gap != "") print gap }
