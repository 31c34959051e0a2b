# Cuts the text of pg_dumpall --globals-only into statements (a quoted name may hold line breaks) and leaves out
# CREATE ROLE and ALTER ROLE of the roles in the file `roles`, one hexadecimal name a line, and what is granted to them.
# settings=1 lets ALTER ROLE ... SET and all grants pass: those are not attributes. A role that was dropped can be left in a
# grant, as a number: whoever is named like one and is not created here is such a role. Of those in the file `except` nothing is left. ME is
# who runs the text, where that is no superuser: it makes itself a member of roles (sql/role_become.sql).
function finished(text) { return unclosed("", text) == "" && text ~ /;$/ }
function name_in(text,  name) { # the name that it begins with, unquoted; the rest into `rest`
	if (substr(text, 1, 1) != "\"") { match(text, /^[^ ;]+/); rest = substr(text, RLENGTH + 1); return substr(text, 1, RLENGTH) }
	match(text, /^"([^"]|"")*"/); rest = substr(text, RLENGTH + 1)
	name = substr(text, 2, RLENGTH - 2); gsub(/""/, "\"", name)
	return name
}
# What takes a superuser may not even be said to be absent, as it is of a new role: each word apart, to be refused by itself.
function lesser(head, options,  word, n, i, more) {
	n = split("SUPERUSER CREATEROLE CREATEDB REPLICATION BYPASSRLS", word, " ")
	sub(/;$/, " ;", options)
	for (i = 1; i <= n; i++) {
		sub(" NO" word[i] " ", " ", options)
		if (sub(" " word[i] " ", " ", options)) more = more "\n" head " WITH " word[i] ";"
	}
	return head options more
}
function dead(name) { return hex(name) in unwanted || name ~ /^[0-9]+$/ && !(name in created) && !(hex(name) in known) }
BEGIN { while ((got = (getline line < roles)) > 0) known[line] = 1; if (got < 0) exit 69; while ((getline line < except) > 0) unwanted[line] = 1 }
statement == "" && (/^--/ || /^\\/ || /^$/) { print; next }
{ statement = (statement == "") ? $0 : statement "\n" $0 }
!finished(statement) { next }
{
	leave = 0
	if (match(statement, /^(CREATE|ALTER) ROLE /)) {
		role = name_in(substr(statement, RLENGTH + 1))
		created[role] = 1
		leave = hex(role) in known
		if (settings && rest ~ /^ (IN DATABASE .* )?SET /) leave = 0
		if (statement ~ /^ALTER ROLE ALL SET /) leave = !settings
		else if (hex(role) in unwanted) leave = 1
		if (ENVIRON["ME"] != "" && rest ~ /^ WITH /) statement = lesser(substr(statement, 1, length(statement) - length(rest)), rest)
	}
	else if (match(statement, /^GRANT ([A-Z, ]+ ON PARAMETER )?/)) {
		parameter = RLENGTH > 6
		granted = name_in(substr(statement, RLENGTH + 1))
		grantee = name_in(substr(rest, 5))
		leave = grantee == ENVIRON["ME"] || dead(grantee) || (!parameter && dead(granted))
		# To a role that is here: a parameter, or membership in another that is here. If it was revoked, it stays so.
		if (!settings && hex(grantee) in known && (parameter || hex(granted) in known)) leave = 1
		# The role that granted it may have lost the right to: the superuser grants.
		if (!parameter && match(statement, / GRANTED BY ("([^"]|"")*"|[^ ;"]+);$/)) {
			ends = RSTART
			if (!settings || dead(name_in(substr(statement, ends + 12)))) statement = substr(statement, 1, ends - 1) ";"
		}
	}
	else if (!settings) leave = statement ~ /^(RE)?SET SESSION AUTHORIZATION/
	if (!leave) print statement
	statement = ""
}
END { if (got >= 0 && statement != "") { print "error: a statement without end" > "/dev/stderr"; exit 65 } }
