# The tables of a flat manifest: database TAB schema TAB name TAB rows TAB unlogged, as JSON; of a database also a line with its
# name alone. Names come before what belongs to them.
{ n = split($1, p, ".") }
p[1] != "databases" { next }
n == 3 && p[3] == "name" { database[p[2]] = $2; print $2 }
n == 5 && p[3] == "tables" { at = p[2] "." p[4]; if (!(at in field)) order[++count] = at; field[at] = 1; value[at, p[5]] = $2; of[at] = p[2] }
END { for (i = 1; i <= count; i++) { at = order[i]; print database[of[at]], value[at, "schema"], value[at, "name"], value[at, "rows"], value[at, "unlogged"] } }
