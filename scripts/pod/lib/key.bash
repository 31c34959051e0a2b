# Encrypted sets (age): each has a key of its own, which its files are encrypted to. That key lies beside them in key.age, encrypted to
# ENCRYPTION_RECIPIENTS: who else may read a set, or no longer may, costs none of its files. Nothing of a key is written to a disk.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# Public keys, one a line; empty: sets are not encrypted.
ENCRYPTION_RECIPIENTS="${ENCRYPTION_RECIPIENTS:-}"
# The file with the private ones, in pods that read sets.
ENCRYPTION_IDENTITY="${ENCRYPTION_IDENTITY:-}"
# What key.sh has found out for a pod that has none.
ENCRYPTION_OPENED="${ENCRYPTION_OPENED:-}"

# The key of the set that is read or made, with its comments, and its public half; and a private key that a person has brought. Not
# exported, whatever the caller's environment has.
unset KEY KEY_PUBLIC IDENTITY
KEY=""
KEY_PUBLIC=""
IDENTITY=""

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

# usage: key_wrap DIRECTORY   KEY into key.age of a set, whole or not at all, for the recipients of today. Where there is a private key, one of
# them has to open it: what it replaces may be the only way in.
key_wrap() {
	KEY="$(key_recipients && printf '%s\n' "$KEY" | sed '/^# recipient: /d')"
	printf '%s\n' "$KEY" | age --encrypt --recipients-file <(printf '%s\n' "$ENCRYPTION_RECIPIENTS") >"$WORK/key.age" 2>"$WORK/key.err" ||
		die "$REFUSED" "the key of a set cannot be encrypted to encryption.recipients: $(key_said)"
	[[ -z "$ENCRYPTION_IDENTITY" ]] || [[ "$(age --decrypt --identity <(key_identity) "$WORK/key.age" 2>"$WORK/key.err")" == "$KEY" ]] ||
		die "$REFUSED" "no private key here reads what is written for encryption.recipients: $(key_said). ${1##*/} keeps its recipients"
	store_aside "$1/key.age"
	cat -- "$WORK/key.age" >"$STORE_ASIDE" && make_durable "$STORE_ASIDE" && cmp -s -- "$WORK/key.age" "$STORE_ASIDE" ||
		die "$NO_SPACE" "key.age does not read back as it was written"
	step wrapped
	store_rename "$STORE_ASIDE" "$1/key.age"
}

# usage: key_said   What age said, without what is for its own authors.
key_said() { awk '/^age: error: / { sub(/^age: error: /, ""); sub(/failed to (parse|read) .*"\/dev\/fd\/[0-9]+": /, ""); print; exit }' "$WORK/key.err"; }

# usage: key_open DIRECTORY   Sets KEY and KEY_PUBLIC; 78 with WHY where no key at hand opens the set.
key_open() {
	local set="${1##*/}"

	WHY="$set is encrypted, and there is no private key here (encryption.identity)"
	[[ -n "$IDENTITY" || (-n "$ENCRYPTION_IDENTITY" && -r "$ENCRYPTION_IDENTITY") ]] || return "$REFUSED"
	KEY="$(age --decrypt --identity <(key_identity) "$1/key.age" 2>"$WORK/key.err")" && [[ "$KEY" == *"AGE-SECRET-KEY-"* ]] || {
		KEY=""
		WHY="no private key here opens $set: $(key_said)"
		return "$REFUSED"
	}
	KEY_PUBLIC="$(age-keygen -y <(printf '%s\n' "$KEY") 2>"$WORK/key.err")" || {
		KEY="" KEY_PUBLIC="" WHY="the key of $set is not one of age"
		return "$REFUSED"
	}
}

# usage: key_is_current   0 where the set that was opened is encrypted to the recipients of today, else 1.
key_is_current() { [[ "$(printf '%s\n' "$KEY" | sed -n '/^# recipient: /p' | sort)" == "$(key_recipients | sort)" ]]; }

# usage: key_seal FILE   Stdin into FILE, encrypted where the set is; what is written, on stdout too.
key_seal() { if [[ -n "$KEY_PUBLIC" ]]; then age --encrypt --recipient "$KEY_PUBLIC" | tee -- "$1"; else tee -- "$1"; fi; }

# usage: key_unseal FILE   Of the set that was opened, or is being made.
key_unseal() { age --decrypt --identity <(printf '%s\n' "$KEY") "$1"; }

# usage: key_try   Ends with 78 unless a private key at hand reads what is written for the recipients.
key_try() {
	age --encrypt --recipients-file <(printf '%s\n' "$ENCRYPTION_RECIPIENTS") <<<tried 2>"$WORK/key.err" >"$WORK/tried.age" &&
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
