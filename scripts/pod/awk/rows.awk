# name TAB rows of each database of a flat manifest, in its order.
split($1, p, ".") == 3 && p[1] == "databases" && p[3] == "name" { name[p[2]] = $2; if (p[2] + 1 > count) count = p[2] + 1 }
split($1, p, ".") == 5 && p[3] == "tables" && p[5] == "rows" { rows[p[2]] += $2 }
END { for (i = 0; i < count; i++) printf "%s\t%.0f\n", name[i], rows[i] }
