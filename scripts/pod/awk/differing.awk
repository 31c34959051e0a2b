# Two files: SHA256SUMS, and the sums of its files as they read now. Prints the names of those that differ, on one line; status
# 69 if one was not read.
{ name = $2; sub(/^\.\//, "", name) }
NR == FNR { saved[name] = $1; left++; next }
{ left--; if (saved[name] != $1) out = out name " " }
END { if (left != 0) exit 69; if (out != "") print out }
