#!/usr/bin/env bash
# Takes one backup set: every database and the globals, checked, published by one rename.
# Reads the server (PG* variables) and the store; writes the store, and removes from the server what a killed restore left there;
# prints the new set's name.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
source "$SCRIPTS/lib/contents.bash"
source "$SCRIPTS/lib/objects.bash"
source "$SCRIPTS/lib/globals.bash"
source "$SCRIPTS/lib/dump.bash"
source "$SCRIPTS/lib/manifest.bash"
source "$SCRIPTS/lib/brake.bash"
source "$SCRIPTS/lib/swap.bash"
source "$SCRIPTS/lib/role.bash"
read_text SQL_SOURCE sql/source.sql
SQL_SOURCE="${SQL_SOURCE//:roles_like/"$ROLES_LIKE"}"
read_text SQL_ROOM sql/room.sql
read_text SQL_ROLE_READS sql/role_reads.sql
read_text AWK_CHOOSE awk/choose.awk
read_text AWK_BEHIND awk/behind.awk

declare -A FACTS=()
STAGING=""

usage() {
	cat <<'USAGE'
usage: backup.sh [--reason R] [--pin] [--accept-shrink]

Takes one backup set of the server that the PG* variables name, into the store BACKUP_ROOT; prints its name.
  --reason R        a word for the manifest (manual by default)
  --pin             retention never removes this set
  --accept-shrink   data that is missing since the last accepted set was meant to go: retention goes on
USAGE
}

parse_options() {
	FACTS=([reason]='"manual"' [pinned]=false [accepted]=false)
	while (($# > 0)); do
		case "$1" in
		--help) usage && exit 0 ;;
		--reason)
			[[ -n "${2:-}" ]] || die "$USAGE" "--reason needs a word. See: backup.sh --help"
			FACTS["reason"]="$(json_quote "$2")"
			shift
			;;
		--pin) FACTS["pinned"]=true ;;
		--accept-shrink) FACTS["accepted"]=true ;;
		*) die "$USAGE" "unknown option '$1'. See: backup.sh --help" ;;
		esac
		shift
	done
}

# usage: ask_server   Into files in WORK, by one session.
ask_server() {
	psql_run "$CONTROL" -v work="$WORK" -v leftover="$LEFTOVER" 2>"$WORK/server.out" <<<"$SQL_SOURCE"$'\\o :work/role.facts\n'"$SQL_ROLES" || psql_server_refused
}

# usage: ask_room   Of the server's data volume. Not worth a set where it cannot be found out.
ask_room() {
	local room

	room="$(psql_run "$CONTROL" <<<"$SQL_ROOM" 2>/dev/null)" || room=""
	IFS=$'\t' read -r FACTS["free"] FACTS["size"] <<<"${room:-null$'\t'null}"
}

# usage: require_same_major   Another major version's pg_dump refuses, or writes what this server cannot load.
require_same_major() {
	local version client there here

	IFS=$'\t' read -r version FACTS["system"] FACTS["superuser"] <"$WORK/server"
	client="$(tool_version pg_dump)"
	there="${version%%[!0-9]*}" here="${client%%[!0-9]*}"
	# 14 and 15 are for sets that come back in newer ones.
	((there == here || (there > 13 && there < 16 && here > 15))) ||
		die "$REFUSED" "the server is PostgreSQL $version, pg_dump here is $client: an image of PostgreSQL $there is needed here. Nothing was written."
	FACTS["server"]="\"$version\""
	FACTS["client"]="\"$client\""
}

# usage: json_lines < LINES   Each as a JSON string; empty ones are left out.
json_lines() {
	local line

	while IFS= read -r line; do
		if [[ -n "$line" ]]; then json_quote "$line" && echo; fi
	done
}

# usage: look_into_template1   What it has of its own goes into WORK/template1: databases that are made later get it, and no set has it.
look_into_template1() {
	{ psql_run template1 <<<"$SQL_EMPTY" | json_lines | into "$WORK/template1"; } 2>"$WORK/template1.err" || {
		log "warning: template1 cannot be looked into: $(tail -n 1 "$WORK/template1.err")"
		: >"$WORK/template1"
	}
	[[ ! -s "$WORK/template1" ]] || log "template1 has objects of its own, which are in no set: $(paste -s -d , "$WORK/template1")"
}

# usage: choose_databases   Fills WORK/databases.found (what to dump) and WORK/chosen (with what is skipped, and why).
choose_databases() {
	local missing

	json_lines <<<"$BACKUP_DATABASES" >"$WORK/wanted"
	json_lines <<<"$BACKUP_SKIP" >"$WORK/unwanted"
	json_lines <<<"${POSTGRES_DATABASES:-}" >"$WORK/required"
	# BACKUP_DATABASES empty: all.
	awk -F '\t' -v OFS='\t' "$AWK_CHOOSE" "$WORK/wanted" "$WORK/unwanted" "$WORK/all" | into "$WORK/chosen"
	missing="$(awk -F '\t' '$1 == "missing" { printf "%s ", $2 }' "$WORK/chosen")"
	[[ -z "$missing" ]] ||
		die "$USAGE" "BACKUP_DATABASES names what the server does not have: ${missing% }. No set was taken."
	awk '$1 == "found" && sub(/^found\t/, "")' "$WORK/chosen" | into "$WORK/databases.found"
	# That it closed is a loss if an earlier set has it, which no provider's own database is in.
	awk -F '\t' '$1 == "skipped" && $3 ~ /may not connect to it"$/ { print $2 }' "$WORK/chosen" | onto "$WORK/required"
}

# usage: require_reads   Ends with 69 unless our role reads all of WORK/databases.found: pg_dump would fail of the rest, hours later maybe.
require_reads() {
	local token name why=""

	while IFS=$'\t' read -r token _ <&3; do
		json_text name "$token"
		if psql_run "$name" -v user_relations="$USER_RELATIONS" <<<"$SQL_ROLE_READS" >"$WORK/reads" 2>"$WORK/reads.err"; then
			why+="$(NAME="$name" awk -F '\t' '$1 == "cannot" { printf "; %s: %s", ENVIRON["NAME"], $2 }' "$WORK/reads")"
			awk -F '\t' '$1 == "limit" { print $2 }' "$WORK/reads" | onto "$WORK/limits"
		elif ! dump_is_gone "$name"; then
			why+="; $name: $(awk "$AWK_NOT_DUMPED" "$WORK/reads.err")"
		fi
	done 3<"$WORK/databases.found"
	[[ -z "$why" ]] || die "$UNREACHABLE" "$ROLE cannot save all of ${why#; }. Or leave the database out: backup.skip. No set was taken."
	why="$(paste -s -d , "$WORK/limits")"
	log "note: $ROLE is no superuser${why:+: ${why//\"/}}"
}

# usage: dump_all   Each database into STAGING. WORK/databases gets the file names as its last columns.
dump_all() {
	local token name file objects index=0 line suffix=""

	[[ "$BACKUP_FORMAT" == directory ]] || suffix=.dump${KEY_PUBLIC:+.age}
	: >"$WORK/databases"
	: >"$WORK/written.sums"
	# The list has a descriptor of its own: what runs in the loop must not eat it.
	while IFS= read -r line <&3; do
		token="${line%%$'\t'*}"
		json_text name "$token"
		file="$(dump_file_name "$name" "$index")"
		objects="$file.objects$DUMP_EXTENSION"
		file+="$suffix"
		log "dumping $name"
		if ! dump_with_snapshot "$index" "$name" "$STAGING" "$file" || ! dump_drop_snapshot "$name"; then
			rm -rf -- "${STAGING:?}/$file"
			printf 'skipped\t%s\t"was dropped or renamed meanwhile"\n' "$token" >>"$WORK/chosen"
			continue
		fi
		dump_database "$index" "$name" "$STAGING" "$file" "$objects"
		printf '%s\t%s\t%s\n' "$line" "$file" "$objects" >>"$WORK/databases"
		DATABASE="$token" awk -F '\t' -v OFS='\t' 'BEGIN { print ENVIRON["DATABASE"] } $1 == "table" { print ENVIRON["DATABASE"], $2, $3, $5, $7 }' \
			"$WORK/contents.$index" | onto "$WORK/rows.now"
		DATABASE="$token" awk -F '\t' "$AWK_TEXT$AWK_BEHIND" "$WORK/sequences.$index" "$WORK/contents.$index" | onto "$WORK/notes"
		index=$((index + 1))
	done 3<"$WORK/databases.found"
	awk -F '\t' '$1 == "skipped" { print $2 ": " $3 }' "$WORK/chosen" | while IFS= read -r line; do log "skipped $line"; done
	while IFS= read -r line; do log "note: ${line//\"/}"; done <"$WORK/notes"
	COUNT="$index"
}

# usage: judge_shrinkage
judge_shrinkage() {
	local why emptied

	brake_shrinkage | into "$WORK/shrinkage"
	why="$(awk -F '\t' '$1 == "why" { print $2 }' "$WORK/shrinkage" | paste -s -d ';' -)"
	awk -F '\t' '$1 == "emptied" { print $2 }' "$WORK/shrinkage" | into "$WORK/emptied"
	emptied="$(paste -s -d , "$WORK/emptied")"
	[[ -z "$emptied" ]] || log "warning: these tables have no rows any more: $emptied"
	FACTS["flagged"]=null
	if [[ -z "$why" ]]; then return 0; fi
	if [[ "${FACTS["accepted"]}" == true ]]; then
		log "accepted as asked: $why"
	else
		FACTS["flagged"]="$(json_quote "$why")"
		log "warning: this set is flagged: $why. It is good in itself, but retention stands still from now on." \
			"If the loss was meant: backup.sh --accept-shrink"
	fi
}

# usage: publish NAME   From here on the set exists.
publish() {
	store_make_tree_durable "$STAGING"
	step durable
	store_rename "$STAGING" "$BACKUP_ROOT/$1"
	STAGING=""
	step published
	log "published $1"
}

# usage: sets_still_there   The survey's lines, as sets_list has them.
sets_still_there() {
	local line

	while IFS= read -r line; do
		[[ ! -f "$BACKUP_ROOT/${line%%$'\t'*}/SHA256SUMS" ]] || printf '%s\n' "$line"
	done <"$WORK/sets"
}

# usage: new_set_line NAME   As sets_list has it. The manifest read last is this set's.
new_set_line() {
	local major flags

	major="$(set_major)"
	flags="$(set_flags_read "$BACKUP_ROOT/$1" "$major")"
	printf '%s\t0\t%s\n' "$1" "$flags"
}

remove_staging() { [[ -z "$STAGING" ]] || rm -rf -- "$STAGING"; }

main() {
	local name list survey COUNT=0

	parse_options "$@"
	begin
	psql_prepare
	at_exit remove_staging
	key_require
	store_require
	store_require_writable
	# Before the lock: a server that is starting may need it for a restore.
	psql_require_server "$BACKUP_SERVER_WAIT"
	role_ask
	store_lock
	store_sweep
	store_require_space
	# Restores into the server hold the lock, too.
	swap_drop_leftovers || log "warning: a database of an unfinished restore is left: the line above says why"
	ask_server
	ask_room
	require_same_major
	choose_databases
	[[ -z "$ROLE" ]] || require_reads
	look_into_template1
	name="$(sets_next_name)"
	store_aside "$BACKUP_ROOT/$name"
	STAGING="$STORE_ASIDE"
	mkdir -- "$STAGING" || die "$NO_SPACE" "cannot make $STAGING"
	step staging
	key_make "$name"
	FACTS+=([set]="\"$name\"" [started]="\"$(utc)\"" [globals]="globals.sql$DUMP_EXTENSION")
	dump_globals "$STAGING" "${FACTS["globals"]}"
	: >"$WORK/rows.now"
	# Beside the dump: with many sets, or many tables, it takes longer than all else of ours.
	brake_survey &
	survey=$!
	dump_all
	wait "$survey" || exit $? # it has said why
	judge_shrinkage
	manifest_write "$STAGING" "$COUNT"
	step manifest
	manifest_write_sums "$STAGING"
	step sums
	publish "$name"
	# All who change sets hold the lock: since the survey this one has come, and gone is only what somebody took by hand.
	list="$(sets_still_there && new_set_line "$name")"
	sets_refresh_links "$list"
	sets_retain "$list"
	printf '%s\n' "$name"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
