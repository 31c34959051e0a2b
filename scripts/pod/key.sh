#!/usr/bin/env bash
# What only a private key can do for encrypted sets, beside taking and restoring them. Reads the store; writes ENCRYPTION_OPENED, or
# .escrow.json in the store.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"

usage() {
	cat <<'USAGE'
usage: key.sh --try | --escrow < IDENTITY

  --try      whether a private key of ENCRYPTION_IDENTITY reads what is written for ENCRYPTION_RECIPIENTS (78 if none does). And
             tells ENCRYPTION_OPENED, for a backup that has no private key: that this was tried, and what the newest accepted set holds
  --escrow   whether the private key on stdin, alone, opens the newest and the oldest encrypted set: reads every byte of both,
             and notes in the store when that was
USAGE
}

# usage: try   What is wrong with the store says the backup.
try() {
	local list reference

	[[ -d "$ENCRYPTION_OPENED" ]] || die "$USAGE" "ENCRYPTION_OPENED is not a directory"
	[[ -z "$ENCRYPTION_RECIPIENTS" ]] || key_try
	if store_read_id && list="$(sets_list 2>/dev/null)" && reference="$(sets_newest "$list" 4 0)" && [[ -n "$reference" ]]; then
		if set_read "$BACKUP_ROOT/$reference" && [[ -n "${MANIFEST[encrypted]:-}" ]]; then
			if set_open "$BACKUP_ROOT/$reference"; then
				cat -- "$WORK/contents.json" >"$ENCRYPTION_OPENED/$reference.json" || die "$NO_SPACE" "cannot write to $ENCRYPTION_OPENED"
			else
				log "warning: $WHY"
			fi
		fi
	fi
	printf '%s\n' "$ENCRYPTION_RECIPIENTS" >"$ENCRYPTION_OPENED/recipients" || die "$NO_SPACE" "cannot write to $ENCRYPTION_OPENED"
}

# usage: encrypted_sets   Their names, oldest first.
encrypted_sets() {
	local name names

	names="$(sets_directories)" || return $?
	for name in $names; do
		if set_read_own "$BACKUP_ROOT/$name" && [[ -n "${MANIFEST[encrypted]:-}" ]]; then printf '%s\n' "$name"; fi
	done
}

# usage: read_all SET   Every file of it, decrypted.
read_all() {
	local directory="$BACKUP_ROOT/$1" file

	set_hold "$directory" || die "$BUSY" "$1 is being removed or changed"
	set_require "$directory"
	set_open "$directory" || die "$?" "$WHY"
	for file in "$directory"/*.age; do
		[[ "${file##*/}" != key.age && "${file##*/}" != findings.age ]] || continue
		set_read_file "$file" 2>"$WORK/key.err" | cat >/dev/null || die "$BROKEN" "${file##*/} of $1 is not what its key opens: $(key_said)"
	done
	set_release
	log "$1 can be read with this key"
}

escrow() {
	local names name

	IDENTITY="$(cat)"
	[[ "$IDENTITY" == *"AGE-SECRET-KEY-"* || "$IDENTITY" == *"PRIVATE KEY-"* ]] || die "$USAGE" "there is no private key of age on stdin"
	names="$(encrypted_sets)" || die "$UNREACHABLE" "the sets cannot be listed"
	[[ -n "$names" ]] || die "$REFUSED" "there is no encrypted set yet"
	names="$(sed -n '1p;$p' <<<"$names" | sort -u)"
	for name in $names; do read_all "$name"; done
	store_lock
	store_write "$BACKUP_ROOT/.escrow.json" <<-JSON
		{
		 "version": 1,
		 "checked": "$(utc)",
		 "sets": [$(awk '{ printf "%s\"%s\"", (NR > 1 ? ", " : ""), $0 }' <<<"$names")],
		 "by": "key.sh"
		}
	JSON
	store_unlock
	printf 'opened %s\n' "${names//$'\n'/ }"
}

main() {
	[[ "${1:-}" != --help ]] || { usage && exit 0; }
	[[ $# == 1 && "$1" =~ ^--(try|escrow)$ ]] || die "$USAGE" "--try or --escrow is needed. See: key.sh --help"
	begin
	if [[ "$1" == --try ]]; then
		try
	else
		store_require
		escrow
	fi
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
