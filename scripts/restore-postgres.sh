#!/usr/bin/env bash
# Restores by hand, a backup set or a moment out of the archive: a Job made from the CronJob postgres-backup-verify, with restore.sh or restore-moment.sh as its command.
# Needs kubectl only. The job's log goes to stderr as it comes, what was restored to stdout; the status is the job's own.

source "$(dirname -- "${BASH_SOURCE[0]}")/host/kube.bash"

usage() {
	cat <<'USAGE'
usage: restore-postgres.sh [SET|latest|latest-verified] [--database DB]... [--as NAME] [--replace] [--dry-run]
       restore-postgres.sh --to-time TIME | --to-lsn LSN | --to-name NAME | --before-xid XID  and the same
                           [--namespace N] [--context C] [--timeout S]

Restores all databases of a set (the newest by default), or those named. Only into databases that are empty or absent.
With a moment: as they were then, where the stack has an archive (archive.enabled).
  --to-time TIME  with its zone, such as '2026-11-22 10:15:00+00'
  --to-lsn, --to-name, --before-xid: a position in the WAL, a restore point, the state before a transaction
  --database DB   only this one; may be given several times
  --as NAME       the one database that is named becomes NAME, and the present one stays
  --replace       also over databases with data: the old one stays as DB_replaced_TIME until you drop it
  --dry-run       checks everything and says what would be done
  --namespace N   where the stack is (brewget)
  --context C     kubectl's context (the current one)
  --timeout S     seconds to wait for its end (3600); the job goes on after that, to its own limit, verify.timeout
USAGE
}

main() {
	local words program=restore

	# Its pod alone reads encrypted sets, and has the archive, and room for a throwaway server.
	CRONJOB=postgres-backup-verify
	words=()
	while (($# > 0)); do
		case "$1" in
		--help)
			usage
			exit 0
			;;
		--replace | --dry-run) words=(${words[@]+"${words[@]}"} "$1") ;;
		--namespace | --context | --timeout) kube_option "$1" "${2:-}" && shift ;;
		--to-time | --to-lsn | --to-name | --before-xid)
			kube_require_value "$1" "${2:-}" && words=(${words[@]+"${words[@]}"} "$1" "$2") && shift
			program=restore-moment
			;;
		--database | --as) kube_require_value "$1" "${2:-}" && words=(${words[@]+"${words[@]}"} "$1" "$2") && shift ;;
		-* | '') fail 64 "unknown option '$1'. See: restore-postgres.sh --help" ;;
		*) words=(${words[@]+"${words[@]}"} "$1") ;;
		esac
		shift
	done
	kube_run_job postgres-restore-manual restore "/backup-scripts/$program.sh" ${words[@]+"${words[@]}"}
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
