#!/usr/bin/env bash
# Writes what a drill found out: verified.json beside a good set, failed/ for a bad one. Sourced, never run.
[[ -z "${VERDICT_SH_READ:-}" ]] || return 0
VERDICT_SH_READ=1

# shellcheck source=sets.sh
source "${BASH_SOURCE[0]%/*}/sets.sh"

# usage: manifest_totals   tables TAB rows TAB hashes (true or false), of the manifest read last.
manifest_totals() {
	awk -F '\t' '
		split($1, p, ".") == 5 && p[3] == "tables" && p[5] == "rows" { tables++; rows += $2 }
		split($1, p, ".") == 5 && p[3] == "tables" && p[5] == "hash" && $2 == "null" { missing = 1 }
		END { printf "%d\t%.0f\t%s\n", tables, rows, (missing || ENVIRON["BACKUP_HASHES"] == "rows") ? "false" : "true" }
	' "$MANIFEST_FLAT"
}

# usage: record_good SET RESTORE_SECONDS SECONDS LOGINS PASSWORDS BY
# Bound to the sum of SHA256SUMS: a verdict does not outlive a change of any file.
record_good() {
	local set="$1" tables rows hashes totals version sums

	lock_for_verdict "$set" || return 0
	# Not inside the text below: there a failure would be lost, and the verdict is only good if all of it is.
	totals="$(manifest_totals)" || die "$BROKEN" "cannot read the manifest of $set"
	version="$(tool_version postgres)" || die "$UNREACHABLE" "no verdict on $set: the server's version cannot be told"
	sums="$(sum_of "$BACKUP_ROOT/$set/SHA256SUMS")" || die "$UNREACHABLE" "no verdict on $set: SHA256SUMS cannot be read"
	IFS=$'\t' read -r tables rows hashes <<<"$totals"
	step verdict
	write_atomically "$BACKUP_ROOT/$set/verified.json" <<-JSON
		{
		 "version": 1,
		 "set": "$set",
		 "result": "good",
		 "sums": "$sums",
		 "verified": "$(utc)",
		 "by": "$6",
		 "server": "$version",
		 "restore_seconds": $2,
		 "seconds": $3,
		 "databases": ${MANIFEST[databases]},
		 "tables": $tables,
		 "rows": $rows,
		 "hashes": $hashes,
		 "logins": $4,
		 "passwords": "$5"
		}
	JSON
	step verdict-written
	# Of an earlier drill, if the set was moved back out of failed/.
	rm -f -- "$BACKUP_ROOT/$set/failed.json"
	refresh_links || true # it has said why
	release_lock
	log "$set is good: restored in $2 s, $tables tables with $rows rows equal the manifest"
	printf '%s good\n' "$set"
}

# usage: note_failure SET WHY BY   Writes failed.json into a bad set: when, by which script, why. On a store that is
# full or read-only it goes aside without: the note is worth less than the move.
note_failure() {
	# In a shell of its own: what cannot be written ends that one only.
	if ! (write_atomically "$BACKUP_ROOT/$1/failed.json"); then
		log "warning: the reason could not be written into $1"
		rm -rf -- "$BACKUP_ROOT/.staging/.write.$$"
	fi <<-JSON
		{
		 "version": 1,
		 "set": "$1",
		 "failed": "$(utc)",
		 "by": "$3",
		 "why": $(json_quote "$2")
		}
	JSON
}

# usage: set_aside SET WHY BY   A bad set goes to failed/ and the links to what remains. Needs the lock.
set_aside() {
	local target="$BACKUP_ROOT/failed"

	! tmpdir_is_full || die "$NO_SPACE" "$1 is not judged"
	mkdir -p -- "$target" || die "$NO_SPACE" "cannot make $target"
	[[ ! -e "$target/$1" ]] || die "$REFUSED" "$target/$1 exists already: move it away, then verify $1 again"
	note_failure "$1" "$2" "$3"
	# The links follow: until then one may lead nowhere, never to a set known to be bad.
	step set-aside
	move_into "$BACKUP_ROOT/$1" "$target"
	step set-aside-moved
	make_durable "$BACKUP_ROOT"
	log "$1 was moved to failed/: $2"
	refresh_links || true # it has said why
}

# usage: record_bad SET WHY
record_bad() {
	! tmpdir_is_full || die "$NO_SPACE" "$1 could neither be proven nor disproven: $2"
	log "error: $1 is bad: $2"
	lock_for_verdict "$1" || return 0
	set_aside "$1" "$2" "${0##*/}"
	release_lock
	printf '%s bad: %s\n' "$1" "${2//$'\n'/ }"
}

# usage: lock_for_verdict SET   Status 1 if the set went away meanwhile: then there is nothing to say about it.
lock_for_verdict() {
	take_lock
	mkdir -p -- "$BACKUP_ROOT/.staging" || die "$NO_SPACE" "cannot write to $BACKUP_ROOT"
	[[ -d "$BACKUP_ROOT/$1" ]] && return 0
	log "$1 went away while it was being verified"
	release_lock
	return 1
}
