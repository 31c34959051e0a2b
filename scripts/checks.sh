#!/usr/bin/env bash
# Reads a set's manifest and proves its files by SHA256SUMS, before anything is decided on it. Sourced, never run.
[[ -z "${CHECKS_SH_READ:-}" ]] || return 0
CHECKS_SH_READ=1

# shellcheck source=json.sh
source "${BASH_SOURCE[0]%/*}/json.sh"

# The manifest read last: path -> token. Tables, sequences and the like stay in the file MANIFEST_FLAT.
declare -A MANIFEST=()
MANIFEST_FLAT=""
# Why the last check failed, for the message of whoever asked.
WHY=""

# usage: read_manifest DIRECTORY   Fills MANIFEST; returns 65 and sets WHY if it is not one of ours, whole. Ends with 69
# or 73 where that cannot be told.
read_manifest() {
	local directory="$1" path token head status=0

	MANIFEST=()
	MANIFEST_FLAT="$WORK/manifest.flat"
	if [[ ! -f "$directory/manifest.json" ]]; then
		[[ -x "$directory" ]] || require_finding "$UNREACHABLE" "$directory"
		WHY="it has no manifest.json"
		return 65
	fi
	WHY="$({ json_flatten "$directory/manifest.json" | into "$MANIFEST_FLAT"; } 2>&1)" || status=$?
	((status != NO_SPACE)) || die "$NO_SPACE" "no room to read a manifest: $WHY"
	require_finding "$status" "$directory/manifest.json" "$WHY"
	if ((status != 0)); then
		WHY="its manifest.json is damaged (${WHY#"$directory"/})"
		return 65
	fi
	head="$(awk '!/^databases\.[0-9]+\.(tables|sequences|extensions|settings)\./' "$MANIFEST_FLAT")" ||
		die "$UNREACHABLE" "cannot read $directory/manifest.json. Nothing is judged by that: try again"
	while IFS=$'\t' read -r path token; do
		[[ -z "$path" ]] || MANIFEST["$path"]="$token"
	done <<<"$head" || die "$UNREACHABLE" "cannot read $directory/manifest.json. Nothing is judged by that: try again"
	check_manifest "${directory##*/}"
}

# usage: set_major   The major version of the server that made the set that read_manifest read last; 0 if it does not say.
set_major() {
	local version

	json_text version "${MANIFEST["server.version"]}"
	version="${version%%[!0-9]*}"
	printf '%s\n' "${version:-0}"
}

# usage: check_manifest SET   The keys that every reader relies on; unknown ones are nobody's business.
check_manifest() {
	local key

	if [[ "${MANIFEST[version]:-}" =~ ^[0-9]+$ ]] && ((MANIFEST[version] > 1)); then
		WHY="its format version ${MANIFEST[version]} is newer than this script's (1): use a newer one"
		return 65
	fi
	for key in set started server.version server.superuser client format compression globals.file; do
		if [[ "${MANIFEST[$key]:-}" != \"*\" ]]; then
			WHY="its manifest.json has no usable '$key'"
			return 65
		fi
	done
	if [[ "${MANIFEST[version]:-}" != 1 || "${MANIFEST[set]}" != "\"$1\"" ]]; then
		WHY="its manifest.json is for ${MANIFEST[set]}, version ${MANIFEST[version]:-none}"
		return 65
	fi
	check_databases
}

# usage: check_databases   File names come from outside: none may lead out of the set.
check_databases() {
	local i=0 token

	while [[ -n "${MANIFEST["databases.$i.name"]:-}${MANIFEST["databases.$i.file"]:-}" ]]; do
		token="${MANIFEST["databases.$i.file"]:-}"
		if [[ ! "$token" =~ ^\"[A-Za-z0-9_%-]+(\.[a-z.]+)?\"$ || "${MANIFEST["databases.$i.name"]:-}" != \"*\" ]]; then
			WHY="its manifest.json has no usable file name for database $i"
			return 65
		fi
		i=$((i + 1))
	done
	MANIFEST[databases]="$i"
	if [[ ! "${MANIFEST["globals.file"]}" =~ ^\"[A-Za-z0-9_%-]+(\.[a-z.]+)?\"$ ]]; then
		WHY="its manifest.json has no usable file name for the globals"
		return 65
	fi
}

# usage: check_sums DIRECTORY   Every file against SHA256SUMS, and all that the manifest names is listed; else 65 and WHY.
# Ends with 69 where that cannot be told.
check_sums() {
	local directory="$1" i file listed found status=0

	if [[ ! -f "$directory/SHA256SUMS" ]]; then
		WHY="it has no SHA256SUMS"
		return 65
	fi
	# sha256sum passes over lines that it cannot read: one flipped bit would take a file out of the check.
	listed="$(awk '
		!/^[0-9a-f]+  [A-Za-z0-9_%.\/-]+$/ || length($1) != 64 { bad = 1 }
		{ sub(/^[0-9a-f]+  (\.\/)?/, ""); print }
		END { exit (bad || !NR) ? 65 : 0 }' "$directory/SHA256SUMS")" || status=$?
	require_finding "$status" "$directory/SHA256SUMS"
	if ((status != 0)); then
		WHY="its SHA256SUMS is damaged"
		return 65
	fi
	found="$(cd -- "$directory" && sha256sum -c SHA256SUMS 2>&1)" || status=$?
	sums_match "$status" "$found" "$directory" || return 65
	[[ "${listed//[^$'\n']/}" == "${found//[^$'\n']/}" ]] || require_finding "$UNREACHABLE" "$directory/SHA256SUMS" # not every line was checked
	listed=$'\n'"$listed"$'\n'
	for file in manifest.json "${MANIFEST["globals.file"]//\"/}"; do
		[[ "$listed" == *$'\n'"$file"$'\n'* ]] || {
			WHY="SHA256SUMS does not cover $file"
			return 65
		}
	done
	for ((i = 0; i < MANIFEST[databases]; i++)); do
		file="${MANIFEST["databases.$i.file"]//\"/}"
		[[ "$listed" == *$'\n'"$file"$'\n'* || "$listed" == *$'\n'"$file/toc.dat"$'\n'* ]] || {
			WHY="SHA256SUMS does not cover $file"
			return 65
		}
	done
}

# usage: sums_match STATUS ANSWER DIRECTORY   0 or 65 with WHY, by the word of sha256sum. Ends with 69 where it could not
# read: a disk that fails for a moment must not cost one set after the other.
sums_match() {
	local line said=""

	(($1 != 0)) || return 0
	while IFS= read -r line; do
		[[ "$line" == *": OK" ]] || said+="$line "
	done <<<"$2"
	if [[ "$said" != *": FAILED"* || "${said,,}" =~ $MACHINE|permission\ denied ]]; then
		require_finding "$UNREACHABLE" "$3" "${said:0:300}"
	fi
	WHY="its files do not match SHA256SUMS: ${said:0:300}"
	return 65
}
