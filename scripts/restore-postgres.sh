#!/usr/bin/env bash
# Restores a backup set by hand: a Job made from the CronJob postgres-backup with restore.sh as its command.
# Needs kubectl only. The job's log goes to stderr as it comes, what was restored to stdout; the status is the job's own.

source "$(dirname -- "${BASH_SOURCE[0]}")/host/kube.bash"

usage() {
	cat <<'USAGE'
usage: restore-postgres.sh [SET|latest|latest-verified] [--database DB]... [--replace] [--dry-run]
                           [--namespace N] [--context C] [--timeout S]

Restores all databases of a set (the newest by default), or those named. Only into databases that are empty or absent.
  --database DB   only this one; may be given several times
  --replace       also over databases with data: the old one stays as DB_replaced_TIME until you drop it
  --dry-run       checks everything and says what would be done
  --namespace N   where the stack is (brewget)
  --context C     kubectl's context (the current one)
  --timeout S     seconds to wait for its end (3600); the job goes on after that, to its own limit, backup.timeout
USAGE
}

main() {
	local words

	words=()
	while (($# > 0)); do
		case "$1" in
		--help)
			usage
			exit 0
			;;
		--replace | --dry-run) words=(${words[@]+"${words[@]}"} "$1") ;;
		--namespace | --context | --timeout) kube_option "$1" "${2:-}" && shift ;;
		--database) kube_require_value "$1" "${2:-}" && words=(${words[@]+"${words[@]}"} "$1" "$2") && shift ;;
		-* | '') fail 64 "unknown option '$1'. See: restore-postgres.sh --help" ;;
		*) words=(${words[@]+"${words[@]}"} "$1") ;;
		esac
		shift
	done
	kube_run_job postgres-restore-manual restore /backup-scripts/restore.sh ${words[@]+"${words[@]}"}
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
