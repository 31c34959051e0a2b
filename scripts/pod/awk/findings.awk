# Lines of WORK/findings as the objects of a JSON array.
$1 == "left_out" { printf "%s\n  {\"database\": %s, \"kind\": %s, \"name\": %s, \"why\": %s}", (some++) ? "," : "", $2, $3, $4, $5 }
