# One set: its manifest, its files against SHA256SUMS before anything is decided on it, what lies beside them
# (verified.json, pinned.json), and the lock that keeps it there. An encrypted one has two manifests: what anybody may know
# (set_read), and the one with all names (set_open).
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_LISTED awk/listed.awk
read_text AWK_DIFFERING awk/differing.awk
read_text AWK_MANIFEST awk/manifest.awk
read_text AWK_MANIFEST_READ awk/manifest_read.awk
read_text AWK_ROWS awk/rows.awk

SET_NAME='^backup_[0-9]{8}_[0-9]{6}$'

# The manifest read last: path -> token. Tables, sequences and the like stay in the file MANIFEST_FLAT.
declare -A MANIFEST=()
MANIFEST_FLAT=""
# Why the last check failed, for the caller's message.
WHY=""
# What set_read_own found.
KIND=""

# usage: set_read DIRECTORY   Fills MANIFEST; returns 65 and sets WHY if it is not one of ours, whole. Ends with 69
# or 73 where that cannot be found out.
set_read() {
	if [[ ! -f "$1/manifest.json" ]]; then
		MANIFEST=()
		[[ -x "$1" ]] || require_finding "$UNREACHABLE" "$1"
		WHY="it has no manifest.json"
		return 65
	fi
	set_read_manifest "$1" "$1/manifest.json"
}

# usage: set_read_manifest DIRECTORY FILE   The same, of FILE.
set_read_manifest() {
	local name="${1##*/}" path token head status=0

	MANIFEST=()
	MANIFEST_FLAT="$WORK/manifest.flat"
	WHY="$({ json_flatten "$2" | into "$MANIFEST_FLAT"; } 2>&1)" || status=$?
	((status != NO_SPACE)) || die "$NO_SPACE" "no room to read a manifest: $WHY"
	require_finding "$status" "$2" "$WHY"
	if ((status != 0)); then
		WHY="its manifest.json is damaged (${WHY#"$1"/})"
		return 65
	fi
	# One that is still being made has its name, too.
	name="${name#.}"
	head="$(awk -F '\t' -v set="${name%.new}" "$AWK_MANIFEST$AWK_MANIFEST_READ" "$MANIFEST_FLAT")" && [[ -n "$head" ]] ||
		die "$UNREACHABLE" "cannot read $2. No set is judged by that: try again"
	while IFS=$'\t' read -r path token; do
		[[ -z "$path" ]] || MANIFEST["$path"]="$token"
	done <<<"$head" || die "$UNREACHABLE" "cannot read $2. No set is judged by that: try again"
	WHY="${MANIFEST[why]}"
	return "${MANIFEST[status]}"
}

# usage: set_open DIRECTORY   Of an encrypted set, whose manifest was read last and whose bytes are good, the one with all names instead.
# 78 with WHY where no key at hand opens it.
set_open() {
	local opened="$ENCRYPTION_OPENED/${1##*/}.json" file="${MANIFEST["contents.file"]:-}"

	[[ -n "${MANIFEST[encrypted]:-}" ]] || return 0
	if [[ ! -f "$opened" ]]; then
		key_open "$1" || return $?
		opened="$WORK/contents.json"
		set_read_file "$1/${file//\"/}" 2>"$WORK/key.err" | into "$opened" || {
			WHY="the key of ${1##*/} does not open its files: $(key_said)"
			return "$REFUSED"
		}
	fi
	# Its bytes are those that were written.
	set_read_manifest "$1" "$opened" || return "$REFUSED"
}

# usage: set_major   The major version of the server that made the set that set_read read last; 0 if it does not say.
set_major() {
	local version

	json_text version "${MANIFEST["server.version"]}"
	version="${version%%[!0-9]*}"
	printf '%s\n' "${version:-0}"
}

# usage: set_check_sums DIRECTORY   Every file against SHA256SUMS, and all that the manifest names is listed; else 65 and WHY.
# Ends with 69 where that cannot be found out.
set_check_sums() {
	local directory="$1" i file listed differ status=0
	local files=(manifest.json "${MANIFEST["globals.file"]//\"/}")

	if [[ -n "${MANIFEST[encrypted]:-}" ]]; then
		files+=("${MANIFEST["contents.file"]//\"/}")
		listed="$(ls -- "$directory")" || require_finding "$UNREACHABLE" "$directory"
		if [[ $'\n'"$listed"$'\n' != *$'\nkey.age\n'* || (-e "$directory/key.age" && ! -s "$directory/key.age") ]]; then
			WHY="missing: key.age, without which nobody opens it"
			return 65
		fi
	fi

	if [[ ! -f "$directory/SHA256SUMS" ]]; then
		[[ -x "$directory" ]] || require_finding "$UNREACHABLE" "$directory"
		WHY="it has no SHA256SUMS"
		return 65
	fi
	listed="$(awk "$AWK_LISTED" "$directory/SHA256SUMS")" || status=$?
	require_finding "$status" "$directory/SHA256SUMS"
	if ((status != 0)); then
		WHY="its SHA256SUMS is damaged"
		return 65
	fi
	differ="$(set_differing "$directory" "$listed")" || require_finding "$UNREACHABLE" "$directory"
	# A disk or memory that fails for a moment must not cost a set: a second reading has to say the same.
	if [[ -n "$differ" ]]; then
		[[ "$differ" == "$(set_differing "$directory" "$listed")" ]] || require_finding "$UNREACHABLE" "$directory" "two readings of it differ"
		WHY="its files do not match SHA256SUMS: ${differ:0:300}"
		return 65
	fi
	for ((i = 0; i < MANIFEST[databases]; i++)); do
		files+=("${MANIFEST["databases.$i.file"]//\"/}")
		[[ -z "${MANIFEST["databases.$i.objects"]:-}" ]] || files+=("${MANIFEST["databases.$i.objects"]//\"/}")
	done
	listed=$'\n'"$listed"$'\n'
	for file in "${files[@]}"; do
		[[ "$listed" == *$'\n'"$file"$'\n'* || "$listed" == *$'\n'"$file/toc.dat"$'\n'* ]] || {
			WHY="SHA256SUMS does not cover $file"
			return 65
		}
	done
}

# usage: set_differing DIRECTORY FILES   Those files whose sums are not those of SHA256SUMS, or that are missing. Not by
# sha256sum -c: it says of a file that cannot be read what it says of one that differs. Status 69 where one cannot be read.
set_differing() {
	local file missing=""

	while IFS= read -r file; do
		[[ -e "$1/$file" ]] || missing+="$file "
	done <<<"$2"
	if [[ -n "$missing" ]]; then
		[[ -x "$1" ]] || return 69
		printf '%s\n' "missing: $missing"
		return 0
	fi
	(cd -- "$1" && tr '\n' '\0' <<<"$2" | xargs -0 -r sha256sum -- | awk "$AWK_DIFFERING" SHA256SUMS -) || return 69
}

# usage: set_is_verified DIRECTORY   0 if its verdict is good and belongs to these very files, else 1. Ends with 69 where
# that cannot be found out: a set without a verdict may be removed.
set_is_verified() {
	local sums verdict status=0

	[[ -f "$1/verified.json" && -f "$1/SHA256SUMS" ]] || return 1
	# A verdict that cannot be read is none.
	verdict="$(json_flatten "$1/verified.json" 2>/dev/null)" || status=$?
	require_finding "$status" "$1/verified.json"
	((status == 0)) || return 1
	sums="$(sum_of "$1/SHA256SUMS")" || require_finding "$?" "$1/SHA256SUMS"
	# No answer is none, whatever the status.
	[[ -n "$verdict" && -n "$sums" ]] || require_finding "$UNREACHABLE" "$1/verified.json"
	json_says "$verdict" sums "\"$sums\"" && json_says "$verdict" result '"good"' && json_says "$verdict" set "\"${1##*/}\"" || return 1
}

# usage: set_is_pinned DIRECTORY   0 if retention leaves it alone, else 1. The last word has pinned.json (pin.sh), the
# first the manifest, which must be the one read last.
set_is_pinned() {
	local word

	if [[ ! -e "$1/pinned.json" && ! -L "$1/pinned.json" ]]; then
		[[ "${MANIFEST[pinned]:-}" == true ]] || return 1
		return 0
	fi
	# Only a clear no is one: a word that cannot be read costs room, to pass it over could cost the set.
	word="$(json_flatten "$1/pinned.json" 2>/dev/null)" || return 0
	if json_says "$word" set "\"${1##*/}\"" && json_says "$word" pinned false; then return 1; fi
}

# usage: set_may_be_read DIRECTORY   0 if nothing of another user's keeps us from its manifest, else 1.
set_may_be_read() { [[ -r "$1" && -x "$1" && (! -e "$1/manifest.json" || -r "$1/manifest.json") ]]; }

# usage: set_read_own DIRECTORY   As set_read, for this store's sets only. Sets KIND: published, or what does not count, with WHY: foreign
# (of another store, under another name, or never a set), newer (of a later format: 78), damaged, or unreadable (69).
set_read_own() {
	local status=0

	KIND=unreadable WHY="user $(id -u) may not read it"
	set_may_be_read "$1" || return "$UNREACHABLE"
	KIND=foreign WHY="it has no manifest.json"
	[[ -e "$1/manifest.json" || -e "$1/SHA256SUMS" ]] || return "$BROKEN"
	set_read "$1" || status=$?
	case "$status ${MANIFEST[store]:-none} ${MANIFEST[set]:-none}" in
	"0 \"$STORE\" "*) KIND=published ;;
	0*) status="$BROKEN" WHY="it was made for store ${MANIFEST[store]:-none}" ;;
	"$REFUSED \"$STORE\" "*) KIND=newer ;;
	*) [[ "${MANIFEST[set]:-}" == \"backup_*\" && "${MANIFEST[set]}" != "\"${1##*/}\"" ]] || KIND=damaged ;;
	esac
	return "$status"
}

# usage: set_flags SET MAJOR   pinned TAB flagged TAB accepted (0/1). Pinned is also what only a newer PostgreSQL than
# MAJOR can read: it cannot be verified here, so it must not be removed here for that. Status 1 and a log line where the set
# does not count (damaged, another store's). Read once a run: the manifest of thousands of tables takes a tenth of a second.
set_flags() {
	local memo="$WORK/flags.$1" flags

	if [[ -s "$memo" ]]; then
		cat -- "$memo" || return "$UNREACHABLE"
		return 0
	fi
	set_read_own "$BACKUP_ROOT/$1" || {
		log "warning: $1 does not count and is left alone: $WHY"
		return 1
	}
	flags="$(set_flags_read "$BACKUP_ROOT/$1" "$2")" || return "$UNREACHABLE"
	# Where there is no room for the memo, the set is read again.
	{ printf '%s\n' "$flags" >"$memo"; } 2>/dev/null || rm -f -- "$memo"
	printf '%s\n' "$flags"
}

# usage: set_flags_read DIRECTORY MAJOR   The same of the set whose manifest was read last.
set_flags_read() {
	local pinned=0 flagged=0 accepted=0

	if set_is_pinned "$1" || (($(set_major) > $2)); then pinned=1; fi
	[[ "${MANIFEST[flagged]:-null}" == null ]] || flagged=1
	[[ "${MANIFEST[accepted_shrink]:-}" != true ]] || accepted=1
	printf '%s\t%s\t%s\n' "$pinned" "$flagged" "$accepted"
}

# usage: set_require DIRECTORY   Ends with 65 or 78 unless the set is whole and this store's.
set_require() {
	local name="${1##*/}"

	set_read "$1" || die "$?" "$name cannot be used: $WHY. Nothing was touched. See: list.sh"
	[[ "${MANIFEST[store]:-}" == "\"$STORE\"" || "${BACKUP_ACCEPT_OTHER_STORE:-}" == 1 ]] ||
		die "$REFUSED" "$name was made for store ${MANIFEST[store]:-none}, this is store $STORE. Nothing was touched." \
			"If that is meant, set BACKUP_ACCEPT_OTHER_STORE=1."
	set_check_sums "$1" || die "$BROKEN" "$name is broken: $WHY. Nothing was touched. See: list.sh"
}

# usage: set_hold DIRECTORY   Shared lock on a set (descriptor 8): retention leaves a held set alone.
# On the set's SHA256SUMS rather than on a file beside it: it needs no write access and leaves nothing behind.
set_hold() {
	{ exec 8<"$1/SHA256SUMS"; } 2>/dev/null || {
		[[ ! -e "$1/SHA256SUMS" ]] || require_finding "$UNREACHABLE" "$1/SHA256SUMS"
		return 65
	}
	store_flock -s 8 || return 75
	# Retention may have had the lock and removed the set between the two lines above.
	[[ -f "$1/SHA256SUMS" ]] || return 65
}

set_release() { exec 8<&-; }

# usage: set_read_file FILE   Its plain text on stdout; fails if the file is cut or damaged.
set_read_file() {
	case "$1" in
	*.zst) zstd -q -d -c -- "$1" ;;
	*.gz) gzip -d -c -- "$1" ;;
	*.zst.age) key_unseal "$1" | zstd -q -d -c ;;
	*.gz.age) key_unseal "$1" | gzip -d -c ;;
	*.age) key_unseal "$1" ;;
	*) cat -- "$1" ;;
	esac
}

# usage: set_rows   name TAB rows of each database, of the manifest read last.
set_rows() { awk -F '\t' "$AWK_ROWS" "$MANIFEST_FLAT"; }
