# Restores databases of a set: into a server of our own (verify, start-up) or beside the databases of a live one.
# Each function returns 65 with WHY where the set is at fault, another status where something else is.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_CREATE_DATABASE sql/create_database.sql

# usage: load_reads_restrict VERSION   0 if that psql knows \restrict, 1 if not.
load_reads_restrict() {
	local major="${1%%.*}" minor="${1#*.}"

	case "$major" in
	16) ((minor >= 10)) || return 1 ;;
	17) ((minor >= 6)) || return 1 ;;
	*) ((major >= 18)) || return 1 ;;
	esac
}

# usage: load_require_versions   The tools and the server at hand can load the set that set_read read last.
load_require_versions() {
	local saved_by saved_from server client superuser found

	json_text saved_by "${MANIFEST[client]}"
	json_text saved_from "${MANIFEST["server.version"]}"
	client="$(tool_version psql)" || exit $?
	server="$(psql_run "$CONTROL" -c 'SHOW server_version')" || die "$UNREACHABLE" "the server's version cannot be read. Nothing was touched"
	server="${server%% *}"
	((${client%%.*} >= ${saved_by%%.*})) ||
		die "$REFUSED" "the set was written by PostgreSQL $saved_by, the tools here are $client: newer ones are needed. Nothing was touched."
	((${server%%.*} >= ${saved_from%%.*})) ||
		die "$REFUSED" "the set is of PostgreSQL $saved_from, the server here is $server: it is too old. Nothing was touched."
	json_text superuser "${MANIFEST["server.superuser"]}"
	# Whatever it owned or granted would fail half-way.
	found="$(psql_run "$CONTROL" -v name="$superuser" <<<"SELECT 1 FROM pg_roles WHERE rolname = :'name' AND rolsuper")" ||
		die "$UNREACHABLE" "the server's roles cannot be read. Nothing was touched"
	[[ -n "$found" ]] ||
		die "$REFUSED" "the superuser was $superuser where the set was made, and this server has no such superuser." \
			"Create it, then try again. Nothing was touched."
	if load_reads_restrict "$saved_by" && ! load_reads_restrict "$client"; then
		die "$REFUSED" "the set was written by pg_dump $saved_by and begins with \\restrict, which psql $client does not know:" \
			"a newer minor version is needed. Nothing was touched."
	fi
}

# usage: load_compare_majors   Sets MADE_WITH and HERE: the major versions that made the set that set_read read last, and
# of the programs here. What another version cannot load, or shows in another way, says nothing against a set.
load_compare_majors() {
	MADE_WITH="$(set_major)"
	HERE="$(tool_major postgres)" || return 69
}

# usage: load_create INDEX NAME
load_create() {
	local owner encoding locale ctype provider icu rules

	json_text owner "${MANIFEST["databases.$1.owner"]}"
	json_text encoding "${MANIFEST["databases.$1.encoding"]}"
	json_text locale "${MANIFEST["databases.$1.locale"]:-null}"
	json_text ctype "${MANIFEST["databases.$1.ctype"]:-null}"
	json_text provider "${MANIFEST["databases.$1.provider"]:-null}"
	json_text icu "${MANIFEST["databases.$1.icu_locale"]:-null}"
	json_text rules "${MANIFEST["databases.$1.icu_rules"]:-null}"
	psql_run "$CONTROL" -v name="$2" -v owner="$owner" -v encoding="$encoding" -v locale="$locale" \
		-v ctype="${ctype:-$locale}" -v provider="${provider:-libc}" -v icu="$icu" -v rules="$rules" 2>"$WORK/load.err" <<<"$SQL_CREATE_DATABASE"
}

# For sessions in a restored database: its event triggers would fire from the dump's last statements on, and since
# PostgreSQL 17 at each login (those that are ENABLE ALWAYS do). Foreign keys are checked all the same, when they are
# created. Its settings are in force already: no limit of files on disk, and messages in the language that load_failed reads.
RESTORING="-c session_replication_role=replica -c temp_file_limit=-1 -c lc_messages=C"

# usage: load_database DIRECTORY INDEX NAME   Dump number INDEX into the empty database NAME; stops at the first error.
load_database() {
	local file

	file="$1/${MANIFEST["databases.$2.file"]//\"/}"
	# Nothing is lost by synchronous_commit=off: the commit that makes the result count comes later and is synchronous,
	# and it flushes all that came before. pg_dump writes NULL as if array_nulls were on.
	local -x PGOPTIONS="$PGOPTIONS -c synchronous_commit=off -c array_nulls=on"
	if [[ -d "$file" ]]; then
		pg_restore --exit-on-error --no-password --jobs="$BACKUP_JOBS" --dbname="$(psql_connection_string "$3")" "$file" \
			>/dev/null 2>"$WORK/load.err" || load_failed
	else
		# pipefail: a file that breaks off in the middle of COPY restores without complaint, so zstd's word counts too.
		set_read_file "$file" 2>"$WORK/read.err" | psql_run "$3" >/dev/null 2>"$WORK/load.err" || load_failed "${PIPESTATUS[0]}"
	fi
}

# What a full disk makes the server say, in lower case.
FULL='no space left on device|could not extend file|disk quota'

# What the server says, in lower case, where another one has to be asked and does not answer: postgres_fdw, dblink.
ELSEWHERE='could not connect to server|could not establish connection'
# What it says where the image or its configuration is not the one that the set needs.
LACKS='extension .* is not available|could not access file|loaded via .*shared_preload_libraries|must be preloaded'

# usage: load_said_of_machine FILE...   The messages in them in lower case, without what they quote of the data; files may be
# missing. Status 69 where that cannot be found out.
load_said_of_machine() {
	local text

	text="$({ cat -- "$@" 2>/dev/null || (($? == 1)); } | sed -E $'/^(\t|CONTEXT|DETAIL|HINT|LINE|STATEMENT)|(CONTEXT|DETAIL|STATEMENT):/d; s/"[^"]*"//g' && echo /)" || true
	[[ "$text" == */ ]] || return 69
	printf '%s\n' "${text,,}"
}

# usage: load_failed [READER]   Whose fault? The set's (65) only where a program named an error in it and nothing speaks
# against that: 73 where a disk is full, 78 where this image lacks what the set needs, 69 where the server is gone, or a
# program was killed or could not work. Sets WHY. READER is the status of what read the set (141: nobody listened).
load_failed() {
	local ours said lacks

	WHY="$({ grep -E 'ERROR:|error:' "$WORK/load.err" | grep -v 'worker process died' || grep -v -E "$KILLED" "$WORK/read.err"; } 2>/dev/null | head -n 2 | tr '\n' ' ')" || true
	if tmpdir_is_full; then return 73; fi
	if ((${1:-0} > 128 && ${1:-0} != 141)); then
		WHY="the program that reads the set was killed"
		return 69
	fi
	# Of a server of our own the log tells more than it says to its client, as when a checkpoint failed.
	ours="$(load_said_of_machine "$WORK/load.err" "$WORK/read.err" "$WORK/server.log")" || return 69
	said="$(load_said_of_machine "$WORK/load.err" "$WORK/read.err")" || return 69
	if [[ "$ours" =~ $FULL ]]; then return 73; fi
	if [[ "$said" =~ $MACHINE ]]; then return 69; fi
	# Before what follows: some libraries end the session over it.
	lacks="$(grep -m 1 -E "(ERROR|FATAL|error): .*($LACKS)" "$WORK/load.err")" || (($? == 1)) || return 69
	if [[ -n "$lacks" ]]; then
		WHY="this image lacks what the set needs: $lacks"
		return "$REFUSED"
	fi
	if [[ "$said" =~ $ELSEWHERE|terminating\ connection|server\ closed\ the\ connection|connection\ to\ server|the\ database\ system\ is ]]; then return 69; fi
	psql_run "$CONTROL" -c 'SELECT' >"$WORK/alive" 2>&1 || return 69
	if [[ -z "$WHY" ]]; then
		WHY="a program ended without naming an error in the set: $(tail -n 1 "$WORK/load.err")"
		return 69
	fi
	return 65
}

# usage: load_machine_failed   As load_failed, where the set cannot be at fault: 73, 78 or 69.
load_machine_failed() {
	local status=0

	load_failed || status=$?
	if ((status == 65)); then return 69; fi
	return "$status"
}

# usage: load_and_compare DIRECTORY INDEX NAME   Creates, loads, compares, analyzes. NAME must not exist.
load_and_compare() {
	local status=0
	local -x PGOPTIONS="$PGOPTIONS $RESTORING"

	load_create "$2" "$3" || {
		load_machine_failed || status=$?
		# One that the set should have brought.
		if grep -q -E 'role ".*" does not exist' "$WORK/load.err"; then status=65; fi
		WHY="cannot create the database: $WHY"
		return "$status"
	}
	step created
	# As pg_dump --create has it: views, expressions and what materialized views hold may depend on them.
	{ globals_statements "$2" "$3" | psql_run "$CONTROL" -1; } 2>"$WORK/load.err" || {
		load_failed
		return $?
	}
	load_database "$1" "$2" "$3" || return $?
	step loaded
	compare_database "$2" "$3" 2>"$WORK/load.err" || status=$?
	case $status in
	0) ;;
	65 | 73) return "$status" ;;
	*)
		load_failed || status=$?
		return "$status"
		;;
	esac
	step compared
	# A database without statistics is slow in a way that nobody connects with the restore. They are not part of the set:
	# an expression that fails for one of its rows fails here only.
	psql_run "$3" -c 'ANALYZE' 2>"$WORK/load.err" || load_failed || status=$?
	((status == 65)) || return "$status"
	log "warning: the statistics of $3 are not complete: $WHY"
}

# usage: load_all_fresh DIRECTORY   The whole set into a server of our own that has nothing but what initdb makes.
# Status as load_and_compare; CURRENT names the database at fault.
load_all_fresh() {
	local directory="$1" i name status=0

	CURRENT="roles"
	globals_apply "$directory" fresh 2>"$WORK/load.err" || {
		load_failed
		return $?
	}
	step roles
	for ((i = 0; i < MANIFEST[databases]; i++)); do
		json_text name "${MANIFEST["databases.$i.name"]}"
		CURRENT="$name"
		# initdb made `postgres`; ours may have another owner or encoding.
		psql_run "$CONTROL" -v name="$name" 2>"$WORK/load.err" <<<'DROP DATABASE IF EXISTS :"name";' || {
			load_machine_failed
			return $?
		}
		load_and_compare "$directory" "$i" "$name" || return $?
		{ globals_statements "$i" | psql_run "$CONTROL" -1; } 2>"$WORK/load.err" || {
			load_failed
			return $?
		}
		PGOPTIONS="$PGOPTIONS $RESTORING" compare_settings "$i" "$name" 2>"$WORK/load.err" || status=$?
		((status == 0 || status == 65)) || load_machine_failed || status=$?
		((status == 0)) || return "$status"
		step settings
	done
}
