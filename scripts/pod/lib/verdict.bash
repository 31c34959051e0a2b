# Writes what a verification found out: verified.json or unverified.json beside a set whose bytes are whole, failed/ for a damaged one.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_TOTALS awk/totals.awk
read_text AWK_FINDINGS awk/findings.awk

# usage: verdict_hide SET < FINDINGS   Of an encrypted set names are encrypted too: beside it, in findings.age.
verdict_hide() {
	key_seal "$WORK/findings.age" >/dev/null || die "$NO_SPACE" "what was found of $1 cannot be encrypted"
	store_write "$BACKUP_ROOT/$1/findings.age" <"$WORK/findings.age"
}

# usage: verdict_good SET RESTORE_SECONDS SECONDS LOGINS PASSWORDS BY
# Bound to the sum of SHA256SUMS: a verdict does not outlive a change of any file.
verdict_good() {
	local set="$1" tables rows hashes totals version sums left_out objects=compared count

	verdict_lock "$set" || return 0
	# Not inside the text below: there a failure would be lost, and the verdict is only good if all of it is.
	totals="$(awk -F '\t' "$AWK_TOTALS" "$MANIFEST_FLAT")" || die "$BROKEN" "cannot read the manifest of $set"
	version="$(tool_version postgres)" || die "$UNREACHABLE" "no verdict on $set: the server's version cannot be read"
	sums="$(sum_of "$BACKUP_ROOT/$set/SHA256SUMS")" || die "$UNREACHABLE" "no verdict on $set: SHA256SUMS cannot be read"
	left_out="$(awk -F '\t' "$AWK_FINDINGS" "$WORK/findings")" || die "$UNREACHABLE" "no verdict on $set: what was found is lost"
	[[ -n "${MANIFEST["databases.0.objects"]:-}" ]] || objects="not listed"
	count="$(grep -c ^left_out "$WORK/findings")" || count=0
	[[ -z "$left_out" || -z "${MANIFEST[encrypted]:-}" ]] || { verdict_hide "$set" <<<"$left_out" && left_out=""; }
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
		 "objects": "$objects",
		 "left_out": [$left_out],
		 "left_out_count": $count,
		 "logins": $4,
		 "passwords": "$5"
		}
	JSON
	step verdict-written
	# Of earlier verifications.
	rm -f -- "$BACKUP_ROOT/$set/failed.json" "$BACKUP_ROOT/$set/unverified.json"
	((count > 0)) || rm -f -- "$BACKUP_ROOT/$set/findings.age"
	sets_refresh_links || true # it has said why
	store_unlock
	log "$set is good: restored in $2 s, $tables tables with $rows rows equal the manifest"
	((count == 0)) || log "warning: $set has all rows, but not everything else came back: $(load_found)"
	printf '%s good\n' "$set"
}

# usage: verdict_note FILE SET WHY BY   Writes FILE (failed.json, unverified.json) into a set: when, by which script, why, and about
# which bytes. Where it cannot be written, the note is worth less than what comes after it.
verdict_note() {
	local sums

	sums="$(sum_of "$BACKUP_ROOT/$2/SHA256SUMS" 2>/dev/null)" || sums=""
	# In a shell of its own: what cannot be written ends that one only.
	if ! (store_write "$BACKUP_ROOT/$2/$1"); then
		log "warning: the reason could not be written into $2"
		rm -f -- "$BACKUP_ROOT/$2/.$1.new"
	fi <<-JSON
		{
		 "version": 1,
		 "set": "$2",
		 "sums": "$sums",
		 "${1%.json}": "$(utc)",
		 "by": "$4",
		 "why": $(json_quote "$3")
		}
	JSON
}

# usage: verdict_unverified SET WHY   Its bytes are whole, but it was not seen to come back equal here. It stays what it is.
verdict_unverified() {
	if set_is_verified "$BACKUP_ROOT/$1"; then
		log "error: $1 stays verified as it was, but it does not come back now: $2"
		return 0
	fi
	log "error: $1 stays, not verified: $2"
	[[ -w "$BACKUP_ROOT/$1" ]] || return 0
	verdict_lock "$1" || return 0
	# What was found in it may hold names.
	if [[ -n "${MANIFEST[encrypted]:-}" && -n "$KEY" ]]; then
		(verdict_hide "$1" <<<"$2") || log "warning: the reason could not be written into $1"
		set -- "$1" "it did not come back as it was. What differs says the log of its verification, and findings.age"
	fi
	verdict_note unverified.json "$1" "$2" "${0##*/}"
	store_unlock
}

# usage: verdict_set_aside SET WHY BY   A bad set goes to failed/ and the links to what remains. Needs the lock.
verdict_set_aside() {
	local target="$BACKUP_ROOT/failed"

	! tmpdir_is_full || die "$NO_SPACE" "$1 is not judged"
	store_refuse_link "$target"
	mkdir -p -- "$target" || die "$NO_SPACE" "cannot make $target"
	[[ ! -e "$target/$1" ]] || die "$REFUSED" "$target/$1 exists already: move it away, then verify $1 again"
	verdict_note failed.json "$1" "$2" "$3"
	# The links follow: until then one may lead nowhere, never to a set known to be bad.
	step set-aside
	# Where nothing can be renamed into another directory (9p) mv copies: good enough for what is only kept to look at.
	mv -- "$BACKUP_ROOT/$1" "$target/" || die "$NO_SPACE" "cannot move $1 to $target"
	step set-aside-moved
	store_sync "$target" "$BACKUP_ROOT"
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
	[[ -d "$BACKUP_ROOT/$1" ]] && return 0
	log "$1 went away while it was being verified"
	store_unlock
	return 1
}
