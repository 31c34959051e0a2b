#!/usr/bin/env bash
# Reads a set's manifest and proves its files by SHA256SUMS, before anything is decided on it. Sourced, never run.
[[ -z "${CHECKS_SH_READ:-}" ]] || return 0
CHECKS_SH_READ=1

# shellcheck source=json.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/json.sh"

# The manifest read last: path -> token. Tables, sequences and the like stay in the file MANIFEST_FLAT.
declare -A MANIFEST=()
MANIFEST_FLAT=""
# Why the last check failed, for the message of whoever asked.
WHY=""

# usage: read_manifest DIRECTORY   Fills MANIFEST; returns 65 and sets WHY if it is not one of ours, whole. Ends with 73
# where that cannot be told.
read_manifest() {
	local directory="$1" path token status=0

	MANIFEST=()
	MANIFEST_FLAT="$WORK/manifest.flat"
	if [[ ! -f "$directory/manifest.json" || ! -r "$directory/manifest.json" ]]; then
		WHY="it has no manifest.json that can be read"
		return 65
	fi
	WHY="$({ json_flatten "$directory/manifest.json" | into "$MANIFEST_FLAT"; } 2>&1)" || status=$?
	((status != NO_SPACE)) || die "$NO_SPACE" "no room to read a manifest: $WHY"
	unless_killed "$status"
	if ((status != 0)); then
		WHY="its manifest.json is damaged (${WHY#"$directory"/})"
		return 65
	fi
	while IFS=$'\t' read -r path token; do
		MANIFEST["$path"]="$token"
	done < <(awk '!/^databases\.[0-9]+\.(tables|sequences|extensions|settings)\./' "$MANIFEST_FLAT")
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
check_sums() {
	local directory="$1" i file listed found status=0

	if [[ ! -f "$directory/SHA256SUMS" ]]; then
		WHY="it has no SHA256SUMS"
		return 65
	fi
	# sha256sum passes over lines that it cannot read: one flipped bit would take a file out of the check.
	if ! awk '!/^[0-9a-f]+  [A-Za-z0-9_%.\/-]+$/ || length($1) != 64 { bad = 1 } END { exit bad || !NR }' "$directory/SHA256SUMS"; then
		WHY="its SHA256SUMS is damaged"
		return 65
	fi
	found="$(cd -- "$directory" && sha256sum -c SHA256SUMS 2>&1)" || status=$?
	unless_killed "$status"
	if ((status != 0)); then
		WHY="$(printf '%s\n' "$found" | grep -v ': OK$' | head -n 3 | tr '\n' ' ')"
		WHY="its files do not match SHA256SUMS: $WHY"
		return 65
	fi
	if [[ "$(printf '%s\n' "$found" | grep -c ': OK$')" != "$(awk 'END { print NR }' "$directory/SHA256SUMS")" ]]; then
		WHY="its SHA256SUMS is damaged: not every line was checked"
		return 65
	fi
	listed=" $(awk '{ sub(/^[0-9a-f]+ [ *](\.\/)?/, ""); print }' "$directory/SHA256SUMS" | tr '\n' ' ')"
	for file in manifest.json "${MANIFEST["globals.file"]//\"/}"; do
		[[ "$listed" == *" $file "* ]] || {
			WHY="SHA256SUMS does not cover $file"
			return 65
		}
	done
	for ((i = 0; i < MANIFEST[databases]; i++)); do
		file="${MANIFEST["databases.$i.file"]//\"/}"
		[[ "$listed" == *" $file "* || "$listed" == *" $file/toc.dat "* ]] || {
			WHY="SHA256SUMS does not cover $file"
			return 65
		}
	done
}
