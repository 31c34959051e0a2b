#!/usr/bin/env bash
# Tries whether a key that lies outside of the cluster opens the encrypted sets: a Job made from the CronJob postgres-backup-verify.
# Needs kubectl only. The key goes from stdin into the job's container, and is in no argument, no variable and no object of the cluster.
# The job's log goes to stderr as it comes, which sets were opened to stdout; the status is the job's own.

source "$(dirname -- "${BASH_SOURCE[0]}")/host/kube.bash"

usage() {
	cat <<'USAGE'
usage: escrow-drill.sh [--namespace N] [--context C] [--timeout S] < IDENTITY-FILE

Opens the newest and the oldest encrypted set with the identity on stdin alone, and reads every file of them.
  IDENTITY-FILE     as age-keygen has written it: AGE-SECRET-KEY-1…
  --namespace N     where the stack is (brewget)
  --context C       kubectl's context (the current one)
  --timeout S       seconds to wait for its end (3600); the job goes on after that, to its own limit, verify.timeout
USAGE
}

main() {
	while (($# > 0)); do
		case "$1" in
		--help)
			usage
			exit 0
			;;
		--namespace | --context | --timeout) kube_option "$1" "${2:-}" && shift ;;
		# Not quoted: it may be the key itself.
		*) fail 64 "unknown option. The identity comes on stdin. See: escrow-drill.sh --help" ;;
		esac
		shift
	done
	[[ ! -t 0 ]] || fail 64 "there is no identity on stdin. Example: escrow-drill.sh < key.txt"
	CRONJOB=postgres-backup-verify
	KUBE_STDIN=1
	kube_run_job postgres-escrow-manual opened /backup-scripts/key.sh --escrow
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
