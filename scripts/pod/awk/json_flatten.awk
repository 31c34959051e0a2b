# Prints one line a value: path TAB token. Status 65 with a word on stderr where the file is not JSON.
function emit(path, token) { print path "\t" token }
BEGIN { json_begin() }
{ json_line($0); if (bad != "") exit }
END { json_end(); if (bad != "") { print FILENAME ": " bad > "/dev/stderr"; exit 65 } }
