# tables TAB rows TAB whether their content was compared too (true or false), of a flat manifest.
split($1, p, ".") == 5 && p[3] == "tables" && p[5] == "rows" && $2 != "null" { tables++; rows += $2 }
split($1, p, ".") == 5 && p[3] == "tables" && p[5] == "hash" && $2 == "null" { missing++ }
split($1, p, ".") == 5 && p[3] == "tables" && p[5] == "hash_by_column" { missing-- }
END { printf "%d\t%.0f\t%s\n", tables, rows, (missing || ENVIRON["BACKUP_HASHES"] == "rows") ? "false" : "true" }
