# What pgBackRest says on stderr -> its first error in one line: where that goes on, the last of its causes.
/ERROR: / && said == "" { sub(/^.*ERROR: /, ""); said = $0; next }
said ~ /:$/ { sub(/^ +/, ""); said = $0 }
END {
	if (said ~ /^(FormatError|CryptoError):/) said = "it was made with another key, or is damaged"
	print (said == "") ? "pgbackrest was ended" : said
}
