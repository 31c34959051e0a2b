# A flat manifest, twice -> the same without what a standby cannot be compared by: unlogged tables, which it does not have, and sequences, of
# which WAL says only how far they may have come.
FNR == NR { if ($1 ~ /^databases\.[0-9]+\.tables\.[0-9]+\.unlogged$/ && $2 == "true") unlogged[substr($1, 1, length($1) - 8)] = 1; next }
$1 ~ /^databases\.[0-9]+\.sequences\./ { next }
{ table = $1; sub(/[^.]*$/, "", table) }
!(table in unlogged)
