# Restores databases of a set: into a server of our own (verify, start-up) or beside the databases of a live one.
# Nothing here condemns a set: status 78 with WHY where it does not come back equal, 69 or 73 where that cannot be found out.
# What came back otherwise than it was, rows aside, is in WORK/findings (awk/left_out.awk).
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text SQL_CREATE_DATABASE sql/create_database.sql
read_text AWK_LEFT_OUT awk/left_out.awk
read_text AWK_ROLES_REFUSED awk/roles_refused.awk

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
	((${server%%.*} >= ${saved_from%%.*} && ${server%%.*} >= ${saved_by%%.*})) ||
		die "$REFUSED" "the set is of PostgreSQL $saved_from, written by $saved_by, the server here is $server: it is too old. Nothing was touched."
	# pg_restore sets what its own version knows, and an older server refuses that.
	((${client%%.*} <= ${server%%.*})) ||
		die "$REFUSED" "the server is PostgreSQL $server, the tools here are $client: an image of PostgreSQL ${server%%.*} is needed here. Nothing was touched."
	json_text superuser "${MANIFEST["server.superuser"]}"
	# Whatever it owned or granted would fail half-way.
	found="$(psql_run "$CONTROL" -v name="$superuser" <<<"SELECT 1 FROM pg_roles WHERE rolname = :'name' AND rolsuper")" ||
		die "$UNREACHABLE" "the server's roles cannot be read. Nothing was touched"
	# Another role loads what it may own. What such a one has saved is nobody's superuser's, but for what the server itself has.
	[[ -n "$found$ROLE" || "${MANIFEST["role.superuser"]:-}" == false ]] ||
		die "$REFUSED" "the superuser was $superuser where the set was made, and this server has no such superuser." \
			"Create it, then try again. Nothing was touched."
	if load_reads_restrict "$saved_by" && ! load_reads_restrict "$client"; then
		die "$REFUSED" "the set was written by pg_dump $saved_by and begins with \\restrict, which psql $client does not know:" \
			"a newer minor version is needed. Nothing was touched."
	fi
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
# created. Its settings are in force already: no limit of files on disk. Nothing is lost by synchronous_commit=off: the
# commit that makes the result count comes later and is synchronous, and it flushes all that came before. pg_dump writes
# NULL as if array_nulls were on. A library that each session is to load and that is not here would end ours.
RESTORING="-c session_preload_libraries= -c local_preload_libraries= -c session_replication_role=replica -c temp_file_limit=-1 -c lc_messages=C -c synchronous_commit=off -c array_nulls=on"

# usage: load_plain FILE DATABASE   A dump of the scripts that wrote text: it has no table of contents, so the first error ends it.
load_plain() {
	: >"$WORK/refused"
	: >"$WORK/not_valid"
	# pipefail: a file that breaks off in the middle of COPY restores without complaint, so zstd's word counts too.
	set_read_file "$1" 2>"$WORK/read.err" | PGDATABASE="$2" "${ARCHIVE_PSQL[@]}" -v ON_ERROR_STOP=1 >/dev/null 2>"$WORK/entry.err" ||
		awk -v entry='0; 0 0 DUMP - plain -' "$AWK_SENTENCE" "$WORK/entry.err" | into "$WORK/refused" || return 69
	[[ ! -s "$WORK/read.err" ]] || return 69
}

# usage: load_blame STATUS   What a failed step says of itself: WHY out of the messages in WORK/load.err. 73 where a disk is full,
# else STATUS.
load_blame() {
	WHY="$(grep -E 'ERROR|FATAL|error:' "$WORK/load.err" | head -n 2 | tr '\n' ' ')" || WHY="$(tail -n 1 "$WORK/load.err")"
	if load_is_full; then return 73; fi
	[[ -z "$ROLE" || "$WHY" != *"row-level security"* ]] || WHY+=" (the way: ALTER ROLE ... BYPASSRLS, for $ROLE)"
	return "$1"
}

# usage: load_is_full   0 where there is no room left: in TMPDIR, or where a server of ours writes. Else 1.
load_is_full() {
	local free

	tmpdir_is_full || { [[ -n "${OUR_SERVER:-}" ]] && free="$(free_bytes "$OUR_SERVER")" && ((free < 33554432)); }
}

# usage: load_and_compare DIRECTORY INDEX NAME   Creates, loads, compares, analyzes. NAME must not exist.
load_and_compare() {
	local file="$1/${MANIFEST["databases.$2.file"]//\"/}" status=0
	local -x PGOPTIONS="$PGOPTIONS $RESTORING"

	load_create "$2" "$3" || {
		load_blame "$REFUSED" || status=$?
		WHY="cannot create the database: $WHY"
		return "$status"
	}
	step created
	# As pg_dump --create has it: views, expressions and what materialized views hold may depend on them.
	globals_statements "$2" "$3" | PGDATABASE="$CONTROL" "${ARCHIVE_PSQL[@]}" 2>"$WORK/load.err" || load_blame 69 || return $?
	compare_list "$1" "$2" 2>"$WORK/load.err" && load_without_public "$3" "$2" 2>>"$WORK/load.err" || load_blame 69 || return $?
	: >"$WORK/load.err"
	if [[ "$file" == *.age ]]; then
		# pg_restore's workers look up their places in it.
		set_read_file "$file" 2>"$WORK/load.err" | into "$WORK/dump" || load_blame 69 || return $?
		file="$WORK/dump"
	fi
	if [[ "$file" == *.sql* ]]; then load_plain "$file" "$3" || status=$?; else archive_load "$file" "$3" || status=$?; fi
	rm -f -- "$WORK/dump"
	((status == 0)) || load_blame 69 || return $?
	archive_machine "$WORK/refused" || {
		status=$?
		if load_is_full; then status=73; fi
		return "$status"
	}
	step loaded
	compare_database "$2" "$3" 2>"$WORK/load.err" || status=$?
	case $status in
	0) ;;
	"$REFUSED")
		WHY+="$(load_said)"
		if load_is_full; then status=73; fi
		return "$status"
		;;
	*) load_blame 69 || return $? ;;
	esac
	compare_objects "$2" "$3" 2>"$WORK/load.err" && load_find "$2" || load_blame 69 || return $?
	step compared
	# A database without statistics is slow in a way that nobody connects with the restore. They are not part of the set:
	# an expression that fails for one of its rows fails here only.
	psql_run "$3" -c 'ANALYZE' 2>"$WORK/load.err" || {
		psql_run "$CONTROL" -c 'SELECT' >"$WORK/alive" 2>&1 || load_blame 69 || return $?
		log "warning: the statistics of $3 are not complete: $(tail -n 1 "$WORK/load.err")"
	}
}

# usage: load_without_public NAME INDEX   pg_dump does not say that the schema was dropped.
load_without_public() {
	if [[ -z "${MANIFEST["databases.$2.objects"]:-}" ]] || grep -q $'\tschema\t"public"\t' "$WORK/objects.saved"; then return 0; fi
	psql_run "$1" -c 'DROP SCHEMA public' || return 69
}

# usage: load_said   What the server refused first, for a message; what pg_restore ended with where it refused nothing.
load_said() {
	local said

	said="$(awk -F '\t' 'NR == 1 { sub(/^[^;]*; [0-9]+ [0-9]+ /, "", $1); print "; the server refused " $1 ": " $3 }' "$WORK/refused")"
	[[ -n "$said" || ! -s "$WORK/load.err" ]] || said="; $(tail -n 1 "$WORK/load.err")"
	printf '%s' "$said"
}

# usage: load_find INDEX   What came back otherwise, into WORK/findings.
load_find() {
	awk -F '\t' -v OFS='\t' -v listed="${MANIFEST["databases.$1.objects"]:+1}" -v database="${MANIFEST["databases.$1.name"]}" "$AWK_TEXT$AWK_LEFT_OUT" "$WORK/refused" "$WORK/not_valid" "$WORK/differences" | onto "$WORK/findings"
}

# usage: load_found [left_out|differs]   Findings for a message, at most five.
load_found() {
	awk -F '\t' -v what="${1:-}" 'what == "" || $1 == what { if (++n <= 5) out = out (out == "" ? "" : "; ") $3 " " $4 ($2 == "\"\"" ? "" : " in " $2) " (" $5 ")" }
		END { if (n > 5) out = out "; and " n - 5 " more"; gsub(/\\"/, "\001", out); gsub(/"/, "", out); gsub(/\001/, "\"", out); print out }' "$WORK/findings"
}

# usage: load_all_fresh DIRECTORY   The whole set into a server of our own that has nothing but what initdb makes.
# Status as load_and_compare; CURRENT names the database at fault.
load_all_fresh() {
	local directory="$1" i name

	: >"$WORK/findings"
	CURRENT="roles"
	globals_apply "$directory" fresh 2>"$WORK/load.err" || load_blame 69 || return $?
	load_find_roles && compare_roles 2>"$WORK/load.err" || load_blame 69 || return $?
	step roles
	for ((i = 0; i < MANIFEST[databases]; i++)); do
		json_text name "${MANIFEST["databases.$i.name"]}"
		CURRENT="$name"
		# initdb made `postgres`; ours may have another owner or encoding.
		psql_run "$CONTROL" -v name="$name" 2>"$WORK/load.err" <<<'DROP DATABASE IF EXISTS :"name";' || load_blame 69 || return $?
		load_and_compare "$directory" "$i" "$name" || return $?
		globals_statements "$i" | PGDATABASE="$CONTROL" "${ARCHIVE_PSQL[@]}" 2>"$WORK/load.err" || load_blame 69 || return $?
		PGOPTIONS="$PGOPTIONS $RESTORING" compare_settings "$i" "$name" 2>"$WORK/load.err" || load_blame 69 || return $?
		step settings
	done
}

# usage: load_find_roles   What the server refused of the globals, and what they lack.
load_find_roles() {
	awk -v OFS='\t' "$AWK_TEXT$AWK_ROLES_REFUSED" "$WORK/globals.sql" "$WORK/load.err" | onto "$WORK/findings" && rm -f -- "$WORK/globals.sql" &&
		globals_say_lacks
}
