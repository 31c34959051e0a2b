# psql's messages (VERBOSITY=verbose) about one entry of an archive: entry TAB SQLSTATE TAB the server's first sentence, or nothing
# where all went well. That something is there already is no refusal: an earlier round made it. (Text search configurations and
# their like have no code of their own for it: the catalog's index refuses.)
function tell(state, text) { gsub(/\t/, " ", text); print entry "\t" state "\t" text; told = 1; exit }
match($0, /(ERROR|FATAL|PANIC):  [0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z]: /) {
	state = substr($0, RSTART + RLENGTH - 7, 5)
	if (state == "23505" && /constraint "pg_[a-z_]+_index"/) next
	if (state !~ /^(42P04|42P06|42P07|42701|42710|42712|42723)$/) tell(state, substr($0, RSTART + RLENGTH))
}
/error: / && !told { other = $0; sub(/.*error: /, "", other) }
END { if (!told && other != "") { gsub(/\t/, " ", other); print entry "\t\t" other } }
