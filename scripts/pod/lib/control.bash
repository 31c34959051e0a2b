# Whether the alarm works: damages a copy of a set in twelve ways, and has verify.sh itself look for each. All of it lies in
# SCRATCH/control, with a store of its own; of the real one nothing is written.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_CONTROL sql/control.sql
read_text SQL_CONTROL_DAMAGES sql/control_damages.sql

# What verify.sh has to end with TAB the damage TAB words of its log that name it. The first six are done to the copy, the others
# to what came back from it and was saved again, all sums fitting. DUMP and GLOBALS are files of the copy.
CONTROL_DAMAGES="65	a byte is another	SHA256SUMS: DUMP
65	a file is cut short	SHA256SUMS: GLOBALS
65	a file is missing	missing: DUMP
65	a file has no sum	does not cover GLOBALS
65	the manifest is cut short	manifest.json is damaged
65	the manifest is another set's	manifest.json is for \"backup_20000101_000000\"
78	a row is missing	\"beer\": saved 3, restored 2
78	a value is another	\"beer\": saved \"
78	a table is missing	\"keg\"
78	an index is missing	index brewget_control.beer_name
78	a sequence is set back	\"tap\"
78	a role is missing	role \"brewget_control\" does not exist"

# usage: control_call PROGRAM ARGUMENT...   On the store of the copy; what it says goes into WORK/said.
control_call() {
	BACKUP_ROOT="$SCRATCH/control/store" BACKUP_STORE_ID="" BACKUP_ALLOW_VOLATILE=1 BACKUP_MIN_FREE=0 BACKUP_FORMAT=custom \
		BACKUP_COMPRESSION=none BACKUP_DATABASES=brewget_control ENCRYPTION_RECIPIENTS="" POSTGRES_DATABASES="" ROLE_PASSWORDS_DIR="" \
		VERIFY_SCRATCH="$SCRATCH/control" bash "$SCRIPTS/$1.sh" "${@:2}" 2>"$WORK/said"
}

# usage: control_copy SET   SCRATCH/control/whole/SET. What it takes is no longer there for the throwaway server.
control_copy() {
	local size

	set_hold "$BACKUP_ROOT/$1" || die "$BUSY" "$1 is being removed or changed"
	mkdir -p -- "$SCRATCH/control/whole" "$SCRATCH/control/store" && cp -- "$BACKUP_ROOT/.store.json" "$SCRATCH/control/store" &&
		cp -R -- "$BACKUP_ROOT/$1" "$SCRATCH/control/whole" || die "$NO_SPACE" "cannot copy $1 into $SCRATCH"
	size="$(size_of "$SCRATCH/control/whole")"
	if ((VERIFY_SCRATCH_BYTES > 0)); then VERIFY_SCRATCH_BYTES=$((VERIFY_SCRATCH_BYTES > size ? VERIFY_SCRATCH_BYTES - size : 1)); fi
}

# usage: control_save SET   Of what the throwaway server holds a piece, as a second set: SAVED is its name. Its dumps after each
# damage are in SCRATCH/control, by the damage's name.
control_save() {
	local status damage words
	local -x PGOPTIONS="$PGOPTIONS $RESTORING"

	[[ "${MANIFEST["databases"]}" != 0 ]] || die "$REFUSED" "$1 holds no database: there is nothing that could be damaged"
	DUMP="${MANIFEST["databases.0.file"]//\"/}"
	[[ ! -d "$SCRATCH/control/whole/$1/$DUMP" ]] || DUMP+=/toc.dat
	GLOBALS="${MANIFEST["globals.file"]//\"/}"
	psql_run "$CONTROL" <<<"$SQL_CONTROL" >/dev/null || die "$UNREACHABLE" "there is nothing that could be damaged: the line above says why"
	SAVED="$(control_call backup --reason control)" || die "$?" "cannot save what came back: $(tail -n 1 "$WORK/said")"
	mv -- "$SCRATCH/control/store/$SAVED" "$SCRATCH/control/whole"
	while IFS=$'\t' read -r status damage words <&3; do
		((status == REFUSED)) || continue
		psql_run "$CONTROL" -v damage="$damage" <<<"$SQL_CONTROL_DAMAGES" >/dev/null || die "$UNREACHABLE" "$damage: cannot be made so"
		PGDATABASE=brewget_damaged env -u PGCLIENTENCODING pg_dump --format=custom --no-tablespaces --file="$SCRATCH/control/$damage" ||
			die "$UNREACHABLE" "$damage: cannot be dumped"
	done 3<<<"$CONTROL_DAMAGES"
}

# usage: control_sum   The sums of all files that SHA256SUMS names, as they are now.
control_sum() { awk '{ print $2 }' SHA256SUMS | xargs sha256sum -- | replace SHA256SUMS; }

# usage: control_damage DAMAGE   Does it to the set in the working directory, whose files are links to one whole one.
control_damage() {
	case "$1" in
	nothing) ;;
	"a byte is another") { head -c 1 -- "$DUMP" | tr '\000-\377' '\001-\377\000' && tail -c +2 -- "$DUMP"; } | replace "$DUMP" ;;
	"a file is cut short") head -c -1 -- "$GLOBALS" | replace "$GLOBALS" ;;
	"a file is missing") rm -- "$DUMP" ;;
	"a file has no sum") awk -v file="$GLOBALS" '$2 != file' SHA256SUMS | replace SHA256SUMS ;;
	"the manifest is cut short") head -c -3 manifest.json | replace manifest.json && control_sum ;;
	"the manifest is another set's") sed 's/"set": "[^"]*"/"set": "backup_20000101_000000"/' manifest.json | replace manifest.json && control_sum ;;
	"a role is missing") sed '/brewget_control/d' globals.sql | replace globals.sql && control_sum ;;
	*) replace brewget_control.dump <"$SCRATCH/control/$1" && control_sum ;;
	esac
}

# usage: control_look SET STATUS DAMAGE WORDS   Whether it is found, as it should be. Ends where that cannot be known.
control_look() {
	local set="$SAVED" status=0

	(($2 != BROKEN)) || set="$1"
	rm -rf -- "$SCRATCH/control/store/$set" "$SCRATCH/control/store/failed"
	cp -R -l -- "$SCRATCH/control/whole/$set" "$SCRATCH/control/store" && (cd -- "$SCRATCH/control/store/$set" && control_damage "$3") ||
		die "$NO_SPACE" "$3: cannot be made so"
	control_call verify "$set" >/dev/null || status=$?
	((status != NO_SPACE && status != BUSY)) ||
		die "$status" "$3: nobody knows whether that is found: $(tail -n 1 "$WORK/said")"
	((status == $2)) && grep -q -F -e "$4" "$WORK/said"
}

# usage: control_run SET   A line a damage. Ends with 70 where one was missed.
control_run() {
	local status damage words found missed=0

	control_look "$1" 0 nothing "" || die "$REFUSED" "what is whole is taken for damaged: $(tail -n 1 "$WORK/said")"
	while IFS=$'\t' read -r status damage words <&3; do
		words="${words/DUMP/$DUMP}"
		found=found
		control_look "$1" "$status" "$damage" "${words/GLOBALS/$GLOBALS}" || {
			found=missed
			missed=$((missed + 1))
			log "warning: $damage: verify.sh said: $(tail -n 1 "$WORK/said")"
		}
		printf '%s: %s\n' "$damage" "$found"
	done 3<<<"$CONTROL_DAMAGES"
	((missed == 0)) || die "$UNEXPECTED" "$missed damages to a copy of $1 were missed: the verification is not to be relied on"
	log "all damages to a copy of $1 were found"
}
