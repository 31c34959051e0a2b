#!/usr/bin/env bash
# Lists the sets as `list.sh --json` does, by a Job: for a stack whose server others run, where no pod of a server has the store.
# stdout: the list. stderr: what the Job says. Status: the Job's own.

source "$(dirname -- "${BASH_SOURCE[0]}")/kube.bash"

usage() {
	cat <<'USAGE'
usage: list-sets.sh [--namespace N] [--context C] [--timeout S]

Lists the sets of the store as JSON, by a Job that is gone a minute later.
  --namespace N   where the stack is (brewget)
  --context C     kubectl's context (the current one)
  --timeout S     seconds to wait for its end (120)
USAGE
}

main() {
	CRONJOB=postgres-backup-verify
	TIMEOUT=120
	# Asked every few minutes by a monitoring system, and by no schedule: nobody counts it as a run of one.
	KEEP_JOB=60
	KUBE_ALONE=1
	while (($# > 0)); do
		case "$1" in
		--help)
			usage
			exit 0
			;;
		--namespace | --context | --timeout) kube_option "$1" "${2:-}" && shift ;;
		*) fail 64 "unknown option '$1'. See: list-sets.sh --help" ;;
		esac
		shift
	done
	# Its lines begin with a bracket; none of the log does.
	kube_run_job postgres-list '[][{]' /backup-scripts/list.sh --json
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
