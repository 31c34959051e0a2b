# What the scripts on the host share: kubectl on the stack's namespace, and a Job made from the backup CronJob's template.
# Works with bash 3.2, which is what macOS has, and kubectl alone.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

set -Eeuo pipefail
# bash 3.2 and 4.3 do not know it.
shopt -s inherit_errexit 2>/dev/null || true

NAMESPACE="${NAMESPACE:-brewget}"
CONTEXT="${KUBE_CONTEXT:-}"
CRONJOB="${CRONJOB:-postgres-backup}"
TIMEOUT=3600
# A pod that is not running after so many seconds has a reason, and the reason is shown.
START_TIMEOUT="${START_TIMEOUT:-300}"
# Set: the job's container reads this script's stdin.
KUBE_STDIN=""
# Set: the job is none of the CronJob's, for whoever looks at its runs.
KUBE_ALONE=""
# Finished jobs stay for a day.
KEEP_JOB=86400
# What a container needs for that. Once: its stdin ends where this one does.
WITH_STDIN=', {"op": "add", "path": "/spec/template/spec/containers/0/stdin", "value": true},
		{"op": "add", "path": "/spec/template/spec/containers/0/stdinOnce", "value": true}'
WITHOUT_OWNER=', {"op": "remove", "path": "/metadata/ownerReferences"}'
# Why a Job failed: at its deadline its pod is deleted, and with it the container's status.
STOPPED='{.status.conditions[?(@.type=="Failed")].reason}'

say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >&2; }

# usage: fail STATUS MESSAGE...
fail() {
	local status="$1"

	shift
	say "error: $*"
	exit "$status"
}

# usage: kube WORD...   kubectl, on the stack's namespace.
kube() { kubectl ${CONTEXT:+--context "$CONTEXT"} --namespace "$NAMESPACE" "$@"; }

# usage: kube_option OPTION VALUE   What all scripts take: --namespace, --context, --timeout.
kube_option() {
	kube_require_value "$1" "$2"
	case "$1" in
	--namespace) NAMESPACE="$2" ;;
	--context) CONTEXT="$2" ;;
	--timeout) kube_require_seconds "$1" "$2" && TIMEOUT="$2" ;;
	*) fail 64 "unknown option '$1'. See: ${0##*/} --help" ;;
	esac
}

# usage: kube_require_value OPTION VALUE
kube_require_value() { [[ -n "$2" ]] || fail 64 "$1 needs a value. See: ${0##*/} --help"; }

# usage: kube_require_seconds NAME VALUE
kube_require_seconds() {
	case "$2" in
	'' | *[!0-9]* | 0) fail 64 "$1 needs a number of seconds, not '$2'" ;;
	esac
}

# usage: kube_json TEXT   As a JSON string.
kube_json() {
	local text="$1"

	case "$text" in
	*[[:cntrl:]]*) fail 64 "a line break or control character cannot be passed on: '$text'" ;;
	esac
	text="${text//\\/\\\\}"
	printf '"%s"' "${text//\"/\\\"}"
}

# usage: kube_require_cronjob   Names what is wrong: no kubectl, no cluster, no CronJob.
kube_require_cronjob() {
	local answer

	command -v kubectl >/dev/null || fail 69 "kubectl is not on PATH"
	if answer="$(kube get cronjob "$CRONJOB" --request-timeout=20s -o name 2>&1)"; then return 0; fi
	case "$answer" in
	*NotFound* | *'not found'*)
		fail 69 "there is no CronJob $CRONJOB in namespace $NAMESPACE ($(kube_last_line "$answer")). Is the stack up? See: pulumi up"
		;;
	*) fail 69 "the cluster cannot be reached: $(kube_last_line "$answer"). Is it started, and is it the right context?" ;;
	esac
}

# usage: kube_await_end POD   Prints Succeeded or Failed; anything else is the phase it was stuck in for TIMEOUT seconds.
kube_await_end() {
	local phase="" deadline=$((SECONDS + TIMEOUT))

	while ((SECONDS < deadline)); do
		phase="$(kube get pod "$1" -o 'jsonpath={.status.phase}')"
		[[ "$phase" != Succeeded && "$phase" != Failed ]] || break
		sleep 0.5
	done
	printf '%s\n' "$phase"
}

kube_last_line() { printf '%s\n' "$1" | tail -n 1; }

# usage: kube_create_job NAME WORD...   The CronJob's own pod, with another command.
# kubectl itself reads and writes the object: nothing else on the host has to know YAML.
kube_create_job() {
	local name="$1" words="" word patch answer

	shift
	for word in "$@"; do words="$words${words:+, }$(kube_json "$word")"; done
	# A failed run is not tried again: the person who asked sees its status and decides.
	patch="[{\"op\": \"add\", \"path\": \"/spec/template/spec/containers/0/command\", \"value\": [$words]},
		{\"op\": \"add\", \"path\": \"/spec/template/spec/containers/0/args\", \"value\": []},
		{\"op\": \"add\", \"path\": \"/spec/backoffLimit\", \"value\": 0},
		{\"op\": \"add\", \"path\": \"/spec/ttlSecondsAfterFinished\", \"value\": $KEEP_JOB}${KUBE_STDIN:+$WITH_STDIN}${KUBE_ALONE:+$WITHOUT_OWNER}]"
	answer="$(kube create job "$name" --from="cronjob/$CRONJOB" --dry-run=client -o yaml |
		kube patch --local -f - --type=json -p "$patch" -o yaml |
		kube create -f - 2>&1)" || fail 69 "cannot create the job: $answer"
}

# usage: kube_pod_field JSONPATH   Of the job's pod; nothing while there is none.
kube_pod_field() { kube get pods -l "job-name=$JOB" -o "jsonpath={$1}"; }

# usage: kube_wait_for_start   Until the container runs or has run. Ends with 69 and the reason if it does not.
kube_wait_for_start() {
	local waited=0 state="" reason answered

	while :; do
		answered=1
		state="$(kube_pod_field '.items[0].status.phase' 2>/dev/null)" || answered=""
		case "$state" in
		Running | Succeeded | Failed) return 0 ;;
		esac
		if ((waited >= START_TIMEOUT || waited >= TIMEOUT)); then break; fi
		sleep 1
		waited=$((waited + 1))
	done
	[[ -n "$answered" ]] || fail 69 "the cluster does not answer: whether job $JOB runs is unknown. Look: kubectl get job $JOB -n $NAMESPACE"
	reason="$(kube_pod_reason)"
	((waited >= START_TIMEOUT)) || fail 75 "the pod of job $JOB has not started after $TIMEOUT s: ${reason:-no pod was made yet}. The job goes on"
	# It could start long after the person has gone.
	kube delete job "$JOB" --wait=false >/dev/null || say "job $JOB could not be deleted: it may still run"
	fail 69 "the pod of job $JOB did not start within $waited s and was given up: ${reason:-no pod was made}. Look: kubectl get events -n $NAMESPACE"
}

# usage: kube_pod_reason   Why a pod waits: what the scheduler says, else what the kubelet says.
kube_pod_reason() {
	kube get pods -l "job-name=$JOB" -o \
		'jsonpath={.items[0].status.conditions[?(@.type=="PodScheduled")].message} {.items[0].status.containerStatuses[0].state.waiting.reason} {.items[0].status.containerStatuses[0].state.waiting.message}' 2>/dev/null || true # the pod may not exist
}

# A pod's log does not tell stdout from stderr: lines that begin with RESULT are the script's stdout, all others its log.

# usage: kube_follow_log   The job's log as it comes, for a person; it may break off.
kube_follow_log() {
	kube logs -f "job/$JOB" 2>&1 | grep --line-buffered -v -e "^$RESULT" -e "^would $RESULT" >&2
}

# usage: kube_print_result   The stdout of a job that has ended.
kube_print_result() {
	kube logs "job/$JOB" | grep -e "^$RESULT" -e "^would $RESULT" ||
		say "job $JOB is done, but its result could not be read: kubectl logs job/$JOB -n $NAMESPACE"
}

# usage: kube_attach   Hands this script's stdin to the job's container, until that ends: it is in no argument, no variable and no object.
kube_attach() {
	local pod said

	pod="$(kube_pod_field '.items[0].metadata.name')" || pod=""
	# What it shows besides is the job's log, which is followed as well.
	if said="$(kube attach -i "$pod" 2>&1 >/dev/null)"; then return 0; fi
	# Ended by itself, before anybody came: its status says why.
	[[ -z "$(kube_pod_field '.items[0].status.containerStatuses[0].state.terminated.exitCode')" ]] || return 0
	# It would wait for the rest to its time limit.
	kube delete job "$JOB" --wait=false >/dev/null || say "job $JOB could not be deleted: it may still wait"
	fail 69 "stdin could not be handed to job $JOB, which was given up: $(kube_last_line "$said")"
}

# usage: kube_exit_code   Of the job's container, or of one before it that has failed; waits for the cluster to know it.
kube_exit_code() {
	local waited=0 code="" stopped="" answered

	while :; do
		answered=1
		code="$(kube_pod_field '.items[0].status.containerStatuses[0].state.terminated.exitCode')" || answered=""
		if [[ -n "$code" ]]; then
			printf '%s\n' "$code"
			return 0
		fi
		if [[ -n "$stopped" ]] && kube_first_failed; then return 0; fi
		# Known as stopped a second ago, and no code of its pod still: the pod was evicted, or its node is gone.
		[[ -z "$stopped" || -z "$answered" ]] || fail 69 "job $JOB failed, and its pod is gone: $stopped. What it had begun is cleared away by the next run"
		stopped="$(kube get job "$JOB" -o "jsonpath=$STOPPED" 2>/dev/null)" || stopped=""
		if [[ "$stopped" == DeadlineExceeded ]]; then
			fail 75 "job $JOB was stopped at its time limit ($(kube_limit)). What it had begun is cleared away by the next run"
		fi
		if (($(date +%s) >= DEADLINE)); then
			fail 75 "job $JOB is still running after $TIMEOUT s and goes on. Follow it: kubectl logs -f job/$JOB -n $NAMESPACE"
		fi
		sleep 1
		waited=$((waited + 1))
		# The log broke off (the connection, a rotated file) before the job's end.
		((waited % 10 != 0)) || say "waiting for job $JOB to end"
	done
}

# usage: kube_first_failed   Prints the status, and shows the log, of what runs before the job's container (a backup's that opens the newest
# set), where that has failed: the container itself then never begins. Else 1.
kube_first_failed() {
	local code

	code="$(kube_pod_field '.items[0].status.initContainerStatuses[0].state.terminated.exitCode')" || return 1
	[[ -n "$code" && "$code" != 0 ]] || return 1
	kube logs "job/$JOB" -c encryption >&2 || say "its log cannot be read"
	printf '%s\n' "$code"
}

# usage: kube_limit   The setting with the seconds that the job may take.
kube_limit() { if [[ "$CRONJOB" == *-verify ]]; then echo verify.timeout; else echo backup.timeout; fi; }

# usage: kube_run_job PREFIX RESULT WORD...   Creates the job, follows it, ends with its container's status.
# Lines that begin with RESULT are the script's stdout.
kube_run_job() {
	local prefix="$1" follower code

	RESULT="$2"
	shift 2
	kube_require_cronjob
	JOB="$prefix-$(date -u +%Y%m%d-%H%M%S)-$((RANDOM % 9000 + 1000))"
	DEADLINE=$(($(date +%s) + TIMEOUT))
	kube_create_job "$JOB" "$@"
	say "job $JOB in namespace $NAMESPACE"
	kube_wait_for_start
	kube_follow_log &
	follower=$!
	[[ -z "$KUBE_STDIN" ]] || kube_attach
	code="$(kube_exit_code)" || {
		code=$?
		kill "$follower" 2>/dev/null || true # it may have ended by itself
		exit "$code"
	}
	# The rest of the log; a follower whose log broke off has said so itself.
	wait "$follower" || true
	[[ "$code" != 0 ]] || kube_print_result
	[[ "$code" == 0 ]] || say "job $JOB failed with status $code"
	exit "$code"
}
