# Encrypted sets (age): each has a key of its own, which its files are encrypted to. That key lies beside them in key.age, encrypted to
# ENCRYPTION_RECIPIENTS: who else may read a set, or no longer may, costs none of its files. Nothing of a key is written to a disk.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# Public keys, one a line; empty: sets are not encrypted.
ENCRYPTION_RECIPIENTS="${ENCRYPTION_RECIPIENTS:-}"
# The file with the private ones, in pods that read sets.
ENCRYPTION_IDENTITY="${ENCRYPTION_IDENTITY:-}"
# What key.sh has found out for a pod that has none.
ENCRYPTION_OPENED="${ENCRYPTION_OPENED:-}"

# The key of the set that is read or made, with its comments, and its public half.
KEY=""
KEY_PUBLIC=""

# usage: key_identity   The private keys at hand.
key_identity() { printf '%s\n' "${IDENTITY:-$(<"$ENCRYPTION_IDENTITY")}"; }

# usage: key_recipients   As lines of a key.age, which says whom it is encrypted to.
key_recipients() { awk 'NF { print "# recipient: " $0 }' <<<"$ENCRYPTION_RECIPIENTS"; }

# usage: key_make SET   Sets KEY and KEY_PUBLIC where sets are encrypted.
key_make() {
	[[ -n "$ENCRYPTION_RECIPIENTS" ]] || return 0
	KEY="$(age-keygen 2>"$WORK/keygen.err")" || die "$UNREACHABLE" "no key can be made: $(tail -n 1 "$WORK/keygen.err")"
	[[ "$KEY" =~ (age1[a-z0-9]+) ]] || die "$UNEXPECTED" "age-keygen does not say the public key"
	KEY_PUBLIC="${BASH_REMATCH[1]}"
	KEY="# set: $1"$'\n'"$KEY"
}

# usage: key_wrap DIRECTORY   KEY into key.age of a set, whole or not at all, for the recipients of today.
key_wrap() {
	{ key_recipients && grep -v '^# recipient: ' <<<"$KEY"; } | age --encrypt --recipients-file <(printf '%s\n' "$ENCRYPTION_RECIPIENTS") >"$WORK/key.age" 2>"$WORK/key.err" ||
		die "$REFUSED" "the key of a set cannot be encrypted to encryption.recipients: $(key_said)"
	store_write "$1/key.age" <"$WORK/key.age"
	cmp -s -- "$WORK/key.age" "$1/key.age" || die "$NO_SPACE" "key.age does not read back as it was written"
}

# usage: key_said   What age said, without what is for its own authors.
key_said() { awk '/^age: error: / { sub(/^age: error: /, ""); sub(/failed to (parse|read) .*"\/dev\/fd\/[0-9]+": /, ""); print; exit }' "$WORK/key.err"; }

# usage: key_open DIRECTORY   Sets KEY and KEY_PUBLIC; 78 with WHY where no key at hand opens the set.
key_open() {
	local set="${1##*/}"

	WHY="$set is encrypted, and there is no private key here (encryption.identity)"
	[[ -n "${IDENTITY:-}" || (-n "$ENCRYPTION_IDENTITY" && -r "$ENCRYPTION_IDENTITY") ]] || return "$REFUSED"
	KEY="$(age --decrypt --identity <(key_identity) "$1/key.age" 2>"$WORK/key.err")" && [[ "$KEY" == *"AGE-SECRET-KEY-"* ]] || {
		KEY=""
		WHY="no private key here opens $set: $(key_said)"
		return "$REFUSED"
	}
	KEY_PUBLIC="$(age-keygen -y <(printf '%s\n' "$KEY") 2>"$WORK/key.err")" || return "$UNREACHABLE"
}

# usage: key_is_current   0 where the set that was opened is encrypted to the recipients of today, else 1.
key_is_current() { [[ "$(grep '^# recipient: ' <<<"$KEY" | sort)" == "$(key_recipients | sort)" ]]; }

# usage: key_seal FILE   Stdin into FILE, encrypted where the set is; what is written, on stdout too.
key_seal() { if [[ -n "$KEY_PUBLIC" ]]; then age --encrypt --recipient "$KEY_PUBLIC" | tee -- "$1"; else tee -- "$1"; fi; }

# usage: key_unseal FILE   Of the set that was opened, or is being made.
key_unseal() { age --decrypt --identity <(printf '%s\n' "$KEY") "$1"; }

# usage: key_try   Ends with 78 unless a private key at hand reads what is written for the recipients.
key_try() {
	age --encrypt --recipients-file <(printf '%s\n' "$ENCRYPTION_RECIPIENTS") <<<"tried" 2>"$WORK/key.err" >"$WORK/tried.age" &&
		[[ "$(age --decrypt --identity <(key_identity) "$WORK/tried.age" 2>"$WORK/key.err")" == tried ]] ||
		die "$REFUSED" "no private key here reads what is written for encryption.recipients: $(key_said). No set was taken"
}

# usage: key_require   The same of a pod without a private key: by what key.sh has found out beside it.
key_require() {
	[[ -n "$ENCRYPTION_RECIPIENTS" ]] || return 0
	[[ "$BACKUP_FORMAT" == custom ]] || die "$REFUSED" "an encrypted set has one archive a database: BACKUP_FORMAT=custom. No set was taken"
	if [[ -n "$ENCRYPTION_IDENTITY" ]]; then
		key_try
	else
		[[ -f "$ENCRYPTION_OPENED/recipients" && "$(<"$ENCRYPTION_OPENED/recipients")" == "$ENCRYPTION_RECIPIENTS" ]] ||
			die "$REFUSED" "nobody has tried whether a private key reads what is written for encryption.recipients (key.sh --try). No set was taken"
	fi
}
