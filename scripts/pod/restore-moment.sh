#!/usr/bin/env bash
# Restores databases to a moment, out of the archive: a throwaway server is brought to exactly that point, saved as a set of its own
# in VERIFY_SCRATCH, and from there restore.sh does what it does with any set. Reads the archive; writes VERIFY_SCRATCH and the
# server that the PG* variables name.

SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/server.bash"
source "$SCRIPTS/lib/repository.bash"
source "$SCRIPTS/lib/replay.bash"
source "$SCRIPTS/lib/moment.bash"

KIND=""
TARGET=""
WANTED=()
AS=""
# What goes on to restore.sh.
WORDS=()
DRY_RUN=""

usage() {
	cat <<'USAGE'
usage: restore-moment.sh --to-time TIME | --to-lsn LSN | --to-name NAME | --before-xid XID
                         [--database DB]... [--as NAME] [--replace] [--strict] [--dry-run]

Restores databases (all by default) as they were at a moment within the archive. The others stay as they are.
  --to-time TIME    with its zone: '2026-11-22 10:15:00+00'; what was committed until then is in it
  --to-lsn LSN      a position in the WAL
  --to-name NAME    a restore point of pg_create_restore_point; of several with this name, one that follows the newest backup before them
  --before-xid XID  what was there just before this transaction was committed
  --database, --as, --replace, --strict: as in restore.sh
  --dry-run         says whether the moment can be had, and from which repository; a name or a transaction is not looked for
USAGE
}

parse_options() {
	while (($# > 0)); do
		case "$1" in
		--help) usage && exit 0 ;;
		--to-time | --to-lsn | --to-name | --before-xid)
			[[ -n "${2:-}" && -z "$KIND" ]] || die "$USAGE" "one moment is needed, and its value. See: restore-moment.sh --help"
			KIND="${1##*-}"
			TARGET="$2"
			shift
			;;
		--database | --as)
			[[ -n "${2:-}" ]] || die "$USAGE" "$1 needs a name. See: restore-moment.sh --help"
			if [[ "$1" == --as ]]; then AS="$2"; else WANTED+=("$2"); fi
			WORDS+=("$1" "$2")
			shift
			;;
		--replace | --strict) WORDS+=("$1") ;;
		--dry-run) DRY_RUN=1 ;;
		*) die "$USAGE" "unknown option '$1'. See: restore-moment.sh --help" ;;
		esac
		shift
	done
	[[ -n "$KIND" ]] || die "$USAGE" "a moment is needed. See: restore-moment.sh --help"
	[[ -z "$AS" || ${#WANTED[@]} -eq 1 ]] || die "$USAGE" "--as is for one database: --database DB --as $AS. Nothing was touched."
}

# usage: require_databases   Those that are asked for were there at that moment.
require_databases() {
	local name found

	for name in "${WANTED[@]}"; do
		found="$(psql_run "$CONTROL" -v name="$name" <<<"SELECT count(*) FROM pg_database WHERE datname = :'name'")" || return $?
		[[ "$found" == 1 ]] || die "$USAGE" "there was no database '$name' at $KIND $TARGET. No database was touched."
	done
}

# usage: save   The throwaway server, as a set in a store of its own.
save() (
	local databases=""

	((${#WANTED[@]} == 0)) || printf -v databases '%s\n' "${WANTED[@]}"
	export BACKUP_ROOT="$SCRATCH/moment/store" BACKUP_STORE_ID="" BACKUP_MIN_FREE=0 BACKUP_ALLOW_VOLATILE=1 BACKUP_COMPRESSION=none BACKUP_SKIP=""
	export BACKUP_DATABASES="$databases" ENCRYPTION_RECIPIENTS="" POSTGRES_DATABASES="" PGUSER="${POSTGRES_USER:-postgres}"
	unset PGPASSWORD_FILE PGPASSFILE
	bash "$SCRIPTS/init-store.sh" >/dev/null && bash "$SCRIPTS/backup.sh" --reason moment >/dev/null
)

# usage: load SERVER...   restore.sh, with the connection to the live server that we were given.
load() {
	BACKUP_ROOT="$SCRATCH/moment/store" BACKUP_STORE_ID="" BACKUP_ALLOW_VOLATILE=1 env "$@" bash "$SCRIPTS/restore.sh" latest "${WORDS[@]}"
}

main() {
	local status=0 live=() name MOMENT WHY=""

	parse_options "$@"
	[[ -n "$ARCHIVE_CONF" ]] || die "$REFUSED" "there is no archive (archive.enabled), so only sets can be restored: restore-postgres.sh --help"
	begin
	for name in PGHOST PGPORT PGUSER PGPASSWORD_FILE PGSSLMODE PGSSLROOTCERT; do [[ -z "${!name:-}" ]] || live+=("$name=${!name}"); done
	psql_prepare
	store_require
	psql_require_server "$BACKUP_SERVER_WAIT"
	replay_choose || die "$UNREACHABLE" "$WHY. Nothing was touched."
	REPOSITORY="${REPOSITORY:-$OLDER}"
	[[ -n "$REPOSITORY" ]] || die "$REFUSED" "the archive has no backup yet: nothing can be restored to a moment"
	moment_check "$KIND" "$TARGET" || die $? "$WHY. Nothing was touched."
	if [[ -n "$DRY_RUN" ]]; then
		printf 'would restore to %s %s from the repository %s\n' "$KIND" "$TARGET" "$REPOSITORY"
		exit 0
	fi
	moment_claim_scratch
	moment_restore "$SCRATCH/moment/data" "$KIND" "$MOMENT" || die $? "$WHY. No database was touched."
	log "a throwaway server is at $KIND $TARGET"
	require_databases
	save || die $? "the server at that moment cannot be saved: the lines above say why. No database was touched."
	server_stop || log "warning: the throwaway server did not stop"
	load "${live[@]}" || status=$?
	exit "$status"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
