#!/usr/bin/env bash
# Takes a backup set now, by hand: a Job made from the CronJob postgres-backup. Needs kubectl only.
# The job's log goes to stderr as it comes, the new set's name to stdout; the status is the job's own.

source "$(dirname -- "${BASH_SOURCE[0]}")/host/kube.bash"

usage() {
	cat <<'USAGE'
usage: backup-postgres.sh [--namespace N] [--context C] [--reason R] [--pin] [--accept-shrink] [--timeout S]

Takes a backup set in the cluster now and prints its name.
  --namespace N     where the stack is (brewget)
  --context C       kubectl's context (the current one)
  --reason R        a word for the set's manifest (manual)
  --pin             retention never removes this set
  --accept-shrink   data that is missing since the last accepted set was meant to go
  --timeout S       seconds to wait for its end (3600); the job goes on after that, to its own limit, backup.timeout
USAGE
}

main() {
	local reason=manual words

	words=()
	while (($# > 0)); do
		case "$1" in
		--help)
			usage
			exit 0
			;;
		--pin | --accept-shrink) words=(${words[@]+"${words[@]}"} "$1") ;;
		--namespace | --context | --timeout) kube_option "$1" "${2:-}" && shift ;;
		--reason) kube_require_value "$1" "${2:-}" && reason="$2" && shift ;;
		*) fail 64 "unknown option '$1'. See: backup-postgres.sh --help" ;;
		esac
		shift
	done
	kube_run_job postgres-backup-manual backup_ /backup-scripts/backup.sh --reason "$reason" ${words[@]+"${words[@]}"}
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
