#!/usr/bin/env bash
# Restores databases of a set into the server that the PG* variables name: beside the present ones, compared with the
# manifest, then swapped by one transaction, all or none. Reads the store; writes the server; prints what was restored.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
source "$SCRIPTS/lib/contents.bash"
source "$SCRIPTS/lib/globals.bash"
source "$SCRIPTS/lib/objects.bash"
source "$SCRIPTS/lib/compare.bash"
source "$SCRIPTS/lib/archive.bash"
source "$SCRIPTS/lib/load.bash"
source "$SCRIPTS/lib/swap.bash"
source "$SCRIPTS/lib/role.bash"
read_text SQL_ROLE_TARGETS sql/role_targets.sql
read_text SQL_ROLE_BECOME sql/role_become.sql

SET=latest
WANTED=()
AS=""
REPLACE=""
DRY_RUN=""
STRICT=""
# Per target: number in the manifest, name, state (absent, empty, full), and the names for swapping.
INDEXES=()
NAMES=()
STATES=()
ASIDE=()
SWAPPED=""
STAMP=""

usage() {
	cat <<'USAGE'
usage: restore.sh [SET|latest|latest-verified] [--database DB]... [--as NAME] [--replace] [--strict] [--dry-run]

Restores all databases of a set (the newest by default), or those named. Only into databases that are empty or absent.
  --database DB   only this one; may be given several times
  --as NAME       the one database that is named becomes NAME; the present one stays as it is
  --replace       also over databases with data: the old one stays as DB_replaced_TIME until you drop it
  --strict        refuses before the swap where anything does not come back as it was; else rows count, and the rest is named
  --dry-run       checks everything and says what would be done
USAGE
}

parse_options() {
	local given=""

	while (($# > 0)); do
		case "$1" in
		--help) usage && exit 0 ;;
		--database)
			[[ -n "${2:-}" ]] || die "$USAGE" "--database needs a name. See: restore.sh --help"
			WANTED+=("$2")
			shift
			;;
		--as)
			[[ -n "${2:-}" ]] || die "$USAGE" "--as needs a name. See: restore.sh --help"
			AS="$2"
			shift
			;;
		--replace) REPLACE=1 ;;
		--dry-run) DRY_RUN=1 ;;
		--strict) STRICT=1 ;;
		-*) die "$USAGE" "unknown option '$1'. See: restore.sh --help" ;;
		*)
			[[ -n "$1" && -z "$given" ]] || die "$USAGE" "one set is needed, '$1' is too much or empty. See: restore.sh --help"
			given=1
			SET="$1"
			;;
		esac
		shift
	done
	[[ -z "$AS" || ${#WANTED[@]} -eq 1 ]] || die "$USAGE" "--as is for one database: --database DB --as $AS. Nothing was touched."
}

# usage: choose_targets   Fills INDEXES and NAMES from the manifest, --database and --as.
choose_targets() {
	local i name wanted
	local -A left=()

	for wanted in "${WANTED[@]}"; do left["$wanted"]=1; done
	for ((i = 0; i < MANIFEST[databases]; i++)); do
		json_text name "${MANIFEST["databases.$i.name"]}"
		[[ ${#WANTED[@]} -eq 0 || -n "${left["$name"]:-}" ]] || continue
		unset 'left[$name]'
		INDEXES+=("$i")
		NAMES+=("$name")
	done
	for wanted in "${!left[@]}"; do die "$USAGE" "$SET has no database '$wanted'. Nothing was touched."; done
	((${#NAMES[@]} > 0)) || die "$BROKEN" "$SET holds no database at all. Nothing was touched."
	[[ -z "$AS" ]] || NAMES=("$AS")
}

# usage: owned_targets   What is to be restored, and whose it was, as sql/role_targets.sql takes it.
owned_targets() {
	local i list=""

	for i in "${!INDEXES[@]}"; do list+=",[$(json_quote "${NAMES[i]}"),${MANIFEST["databases.${INDEXES[i]}.owner"]}]"; done
	printf '[%s]' "${list#,}"
}

# usage: require_english   What the server refuses is known by its words, and only a superuser may choose their language.
require_english() {
	local language

	language="$(psql_run "$CONTROL" -c "SELECT current_setting('lc_messages')")" || die "$UNREACHABLE" "the language of the server is not known. Nothing was touched."
	[[ "$language" =~ ^(|C|POSIX|en)([_.].*)?$ ]] ||
		die "$REFUSED" "the server speaks $language, and what it refuses is known by its English words: have its superuser say ALTER ROLE $(psql_name "$ROLE") SET lc_messages = 'C'. Nothing was touched."
}

# usage: leave_out_targets   What our role, no superuser, cannot restore. Ends where that was asked for by name, or nothing is left.
leave_out_targets() {
	local i why

	psql_run "$CONTROL" -v targets="$(owned_targets)" -v superuser_there="${MANIFEST["server.superuser"]}" <<<"$SQL_ROLE_TARGETS" >"$WORK/away" || die "$UNREACHABLE" "the server's roles cannot be read. Nothing was touched."
	while IFS=$'\t' read -r i why; do
		((${#WANTED[@]} == 0 && ${#NAMES[@]} > 1)) && [[ -z "$STRICT" ]] || die "$REFUSED" "cannot restore ${NAMES[i]}: $why. Nothing was touched."
		log "leaving out ${NAMES[i]}: $why"
		unset 'INDEXES[i]' 'NAMES[i]'
	done <"$WORK/away"
	INDEXES=("${INDEXES[@]}")
	NAMES=("${NAMES[@]}")
}

# usage: become_owners DIRECTORY   Our role owns things as others only where it is a member of theirs. WORK/became takes back what it gets.
become_owners() {
	local i

	for i in "${INDEXES[@]}"; do
		compare_list "$1" "$i"
		cut -f 5 "$WORK/objects.saved" && printf '%s\n' "${MANIFEST["databases.$i.owner"]}"
	done | sort -u | into "$WORK/owners"
	psql_run "$CONTROL" -v targets="$(owned_targets)" -v owners="[$(paste -s -d , "$WORK/owners")]" <<<"$SQL_ROLE_BECOME" >"$WORK/became" ||
		die "$UNREACHABLE" "$ROLE cannot become the owners of what is to be restored. No database was touched."
}

# usage: inspect_targets   Refuses before anything is touched if one database is not empty.
inspect_targets() {
	local name STATE refused=()

	for name in "${NAMES[@]}"; do
		swap_inspect "$name" || {
			[[ -n "$REPLACE" ]] ||
				die "$UNREACHABLE" "cannot look into database $name: the line above says why. Nothing was touched. To put it aside as it is: --replace"
			STATE=full
		}
		STATES+=("$STATE")
		if [[ "$STATE" == full && -z "$REPLACE" ]]; then refused+=("$name is not empty ($WHY)"); fi
	done
	((${#refused[@]} == 0)) || die "$REFUSED" "${refused[*]}. Nothing was touched. To restore beside and swap: --replace"
}

# usage: plan_names   The name that each present database gets at the swap.
plan_names() {
	local i name base now

	now="$(date -u +%Y%m%d_%H%M%S)"
	STAMP="$now"
	for i in "${!NAMES[@]}"; do
		name="${NAMES[i]}"
		base="$name"
		if ((${#name} > 38)); then
			# A name is at most 63 bytes; it must not be cut within a letter, and long ones may begin alike.
			base="${name:0:34}"
			while [[ "${name:${#base}:1}" == [$'\x80'-$'\xbf'] ]]; do base="${base:0:-1}"; done
			base+="_$i"
		fi
		case "${STATES[i]}" in
		full) ASIDE+=("${base}_replaced_$now") ;;
		empty) ASIDE+=("brewget_drop_${now}_$i") ;;
		absent) ASIDE+=("") ;;
		esac
	done
}

# At exit: what was restored beside is of no use to anybody.
drop_unfinished() {
	[[ -n "$STAMP" && -z "$SWAPPED" ]] || return 0
	swap_drop_leftovers "WITH (FORCE)" >"$WORK/drop.out" 2>&1 || log "warning: brewget_load_* databases are left; the next restore removes them"
	globals_drop_new
	[[ ! -s "$WORK/became" ]] || psql_run "$CONTROL" -v ON_ERROR_STOP=0 <"$WORK/became" >"$WORK/drop.out" 2>&1 # of roles that it has made nothing is left
}

# usage: load_all DIRECTORY
load_all() {
	local i status found

	: >"$WORK/findings"
	globals_apply "$1" live 2>"$WORK/load.err" || die "$UNREACHABLE" "cannot create the set's roles: $(tail -n 2 "$WORK/load.err" | tr '\n' ' ')"
	load_find_roles || die "$UNREACHABLE" "what the server said of the set's roles is lost"
	[[ -z "$ROLE" ]] || become_owners "$1"
	step roles
	for i in "${!NAMES[@]}"; do
		log "restoring ${NAMES[i]} beside"
		status=0
		load_and_compare "$1" "${INDEXES[i]}" "brewget_load_${STAMP}_$i" || status=$?
		((status == 0)) || die "$status" "${NAMES[i]} of $SET: $WHY. No database was touched."
	done
	found="$(load_found)"
	[[ -z "$found" ]] || log "warning: all rows are there, but not everything else came back as it was: $found"
	[[ -z "$found" || -z "$STRICT" ]] || die "$REFUSED" "$SET does not come back whole (--strict). No database was touched."
}

# usage: report   What was done, on stdout, and where the old databases are.
report() {
	local i rows all

	all="$(set_rows)"
	for i in "${!NAMES[@]}"; do
		rows="$(sed -n "$((INDEXES[i] + 1))p" <<<"$all" | cut -f 2)"
		printf '%s %s %s: %s rows\n' "$1" "${NAMES[i]}" "$SET" "$rows"
		if [[ -n "$DRY_RUN" || "${STATES[i]}" != full ]]; then continue; fi
		log "the old ${NAMES[i]} is kept. When it is no longer needed: DROP DATABASE $(psql_name "${ASIDE[i]}");"
		swap_say_replication "${ASIDE[i]}" || log "warning: it is unknown whether ${ASIDE[i]} has replication slots or subscriptions"
	done
}

main() {
	local directory

	parse_options "$@"
	begin
	psql_prepare
	at_exit drop_unfinished
	store_require
	store_lock
	SET="$(sets_resolve "$SET")"
	directory="$BACKUP_ROOT/$SET"
	set_require "$directory"
	set_hold "$directory" || die "$BUSY" "$SET is being removed or changed"
	set_open "$directory" || die "$?" "$WHY. Nothing was touched."
	# A firewall learns of a pod a moment after its start, and refuses it until then.
	psql_require_server "$BACKUP_SERVER_WAIT"
	role_ask
	load_require_versions
	choose_targets
	[[ -z "$ROLE" ]] || { require_english && leave_out_targets; }
	inspect_targets
	plan_names
	if [[ -n "$DRY_RUN" ]]; then
		STAMP=""
		report "would restore"
		exit 0
	fi
	swap_drop_leftovers "WITH (FORCE)" || log "warning: a database of an unfinished restore is left: the line above says why"
	load_all "$directory"
	swap
	swap_drop_leftovers "WITH (FORCE)" || log "warning: an empty database that was replaced is left (brewget_drop_*): the line above says why"
	[[ ! -s "$WORK/became" ]] || log "note: $ROLE stays a member of those who own what it restored. To end that: $(paste -s -d ' ' "$WORK/became")"
	report restored
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
