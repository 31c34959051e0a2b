# Writes what a verification found out: verified.json beside a good set, failed/ for a bad one.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_TOTALS awk/totals.awk

# usage: verdict_good SET RESTORE_SECONDS SECONDS LOGINS PASSWORDS BY
# Bound to the sum of SHA256SUMS: a verdict does not outlive a change of any file.
verdict_good() {
	local set="$1" tables rows hashes totals version sums

	verdict_lock "$set" || return 0
	# Not inside the text below: there a failure would be lost, and the verdict is only good if all of it is.
	totals="$(awk -F '\t' "$AWK_TOTALS" "$MANIFEST_FLAT")" || die "$BROKEN" "cannot read the manifest of $set"
	version="$(tool_version postgres)" || die "$UNREACHABLE" "no verdict on $set: the server's version cannot be read"
	sums="$(sum_of "$BACKUP_ROOT/$set/SHA256SUMS")" || die "$UNREACHABLE" "no verdict on $set: SHA256SUMS cannot be read"
	IFS=$'\t' read -r tables rows hashes <<<"$totals"
	step verdict
	store_write "$BACKUP_ROOT/$set/verified.json" <<-JSON
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
	# Of an earlier verification, if the set was moved back out of failed/.
	rm -f -- "$BACKUP_ROOT/$set/failed.json"
	sets_refresh_links || true # it has said why
	store_unlock
	log "$set is good: restored in $2 s, $tables tables with $rows rows equal the manifest"
	printf '%s good\n' "$set"
}

# usage: verdict_note SET WHY BY   Writes failed.json into a bad set: when, by which script, why. On a store that is
# full or read-only it goes aside without: the note is worth less than the move.
verdict_note() {
	# In a shell of its own: what cannot be written ends that one only.
	if ! (store_write "$BACKUP_ROOT/$1/failed.json"); then
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

# usage: verdict_set_aside SET WHY BY   A bad set goes to failed/ and the links to what remains. Needs the lock.
verdict_set_aside() {
	local target="$BACKUP_ROOT/failed"

	! tmpdir_is_full || die "$NO_SPACE" "$1 is not judged"
	mkdir -p -- "$target" || die "$NO_SPACE" "cannot make $target"
	[[ ! -e "$target/$1" ]] || die "$REFUSED" "$target/$1 exists already: move it away, then verify $1 again"
	verdict_note "$1" "$2" "$3"
	# The links follow: until then one may lead nowhere, never to a set known to be bad.
	step set-aside
	store_move_into "$BACKUP_ROOT/$1" "$target"
	step set-aside-moved
	make_durable "$BACKUP_ROOT"
	log "$1 was moved to failed/: $2"
	sets_refresh_links || true # it has said why
}

# usage: verdict_bad SET WHY
verdict_bad() {
	! tmpdir_is_full || die "$NO_SPACE" "$1 could not be verified: $2"
	log "error: $1 is bad: $2"
	verdict_lock "$1" || return 0
	verdict_set_aside "$1" "$2" "${0##*/}"
	store_unlock
	printf '%s bad: %s\n' "$1" "${2//$'\n'/ }"
}

# usage: verdict_lock SET   Status 1 if the set went away meanwhile: then there is nothing to say about it.
verdict_lock() {
	store_lock
	mkdir -p -- "$BACKUP_ROOT/.staging" || die "$NO_SPACE" "cannot write to $BACKUP_ROOT"
	[[ -d "$BACKUP_ROOT/$1" ]] && return 0
	log "$1 went away while it was being verified"
	store_unlock
	return 1
}
