#!/usr/bin/env bash
# Waits until the server of the newest revision answers, showing what its start-up does.
#
# usage: await-server.sh --context C --namespace N STATEFUL_SET SECONDS
# Ends at once, with the reason, when start-up refuses (prepare-data, or last-set before it, stopped) or cannot begin:
# Pulumi's own wait would only say, at its end, that the pod is not ready.
# stdout: nothing. stderr: the logs of the two. Status: 0, or 1 when the server does not answer.
source "$(dirname -- "${BASH_SOURCE[0]}")/kube.bash"

# A pull that fails may be a registry's bad moment; one that fails this long is not.
STUCK_LIMIT="${STUCK_LIMIT:-120}"
KNOWN_ENDS=$'64 wrong use\n65 a set is broken\n69 the store cannot be reached\n73 nothing could be written\n75 another one holds the lock\n78 refused by a safety rule'

give_up() {
	printf '%s\n' "$@" >&2
	exit 1
}

# The pod in six words: revision, uid, terminating?, its init containers' last exits, what waits and why, ready?
look_at_pod() {
	local template='{{index .metadata.labels "controller-revision-hash"}} {{.metadata.uid}} '
	template+='{{if .metadata.deletionTimestamp}}going{{else}}here{{end}} '
	template+='{{range .status.initContainerStatuses}}{{.name}}='
	# What it is now counts more than how it ended before.
	template+='{{if .state.terminated}}{{.state.terminated.exitCode}}'
	template+='{{else if .lastState.terminated}}{{.lastState.terminated.exitCode}}{{else}}-{{end}},'
	template+='{{else}}-{{end}} '
	# The plus keeps the word there when nothing waits: the words are told apart by their order.
	template+='+{{range .status.initContainerStatuses}}{{if .state.waiting}}{{.state.waiting.reason}}={{.image}},{{end}}{{end}}'
	# The server's own container alone: an archiver that does not start keeps nobody from it, and the page says so.
	template+='{{range .status.containerStatuses}}{{if eq .name "postgres"}}'
	template+='{{if .state.waiting}}{{.state.waiting.reason}}={{.image}},{{end}} {{if .ready}}True{{end}}{{end}}{{end}}'
	kube get pod "$SET-0" --ignore-not-found -o "go-template=$template"
}

# usage: at_work ENDS   "last-set=0,prepare-data=-," -> "prepare-data -": the first that has not ended with 0, else the
# last, and how it ended.
at_work() {
	local name=prepare-data status=- each

	for each in ${1//,/ }; do
		[[ "$each" == *=* ]] || continue
		name="${each%%=*}" status="${each#*=}"
		[[ "$status" == 0 ]] || break
	done
	printf '%s %s\n' "$name" "$status"
}

# usage: stuck_on WAITS   "+ErrImagePull=postgres:16,PodInitializing=postgres:16," -> "ErrImagePull (image postgres:16)": the first
# that cannot begin; nothing where each only waits for its turn.
stuck_on() {
	local each waits="${1#+}"

	for each in ${waits//,/ }; do
		case "$each" in
		ErrImage* | ImagePull* | InvalidImage* | CreateContainer* | CrashLoopBackOff*)
			printf '%s (image %s)' "${each%%=*}" "${each#*=}"
			return
			;;
		esac
	done
}

newest_revision() {
	local generation observed revision

	read -r generation observed revision < <(
		kube get statefulset "$SET" \
			-o 'jsonpath={.metadata.generation} {.status.observedGeneration} {.status.updateRevision}{"\n"}'
	)
	[[ "$generation" == "$observed" ]] && printf '%s' "$revision"
	return 0
}

# usage: explain CONTAINER STATUS
explain() {
	local status="$2" meaning

	meaning="$(grep "^$status " <<<"$KNOWN_ENDS" || true)" # any other status has no name
	give_up "$SET-0 does not start: $1 ended with ${meaning:-$status}. The lines above say what it found" \
		"and what to do; then run pulumi up again. Nothing was written over."
}

# usage: show_log CONTAINER
show_log() {
	kube logs "$SET-0" -c "$1" --tail=40 >&2 || true # not there yet: nothing to show
}

main() {
	kube_option "$1" "$2" && kube_option "$3" "$4" && shift 4
	SET="$1"
	local deadline=$((SECONDS + $2)) stuck_since='' old='' shown=''
	local revision pod pod_revision uid state ends container status waits stuck ready

	while ((SECONDS < deadline)); do
		revision="$(newest_revision)"
		pod="$(look_at_pod)"
		read -r pod_revision uid state ends waits ready <<<"${pod:-none - - - - -}"
		read -r container status <<<"$(at_work "$ends")"
		if [[ -z "$revision" || "$pod_revision" != "$revision" || "$state" != here || "$uid" == "$old" ]]; then
			sleep 1
			continue
		fi
		if [[ "$ready" == True ]]; then
			[[ "$shown" == "$container" ]] || show_log "$container"
			return 0
		fi
		if [[ "$status" != - && "$status" != 0 && -z "$shown" && -z "$old" && $SECONDS -lt 3 ]]; then
			# It failed before we came, and what stopped it may be mended: no waiting for the back-off.
			old="$uid"
			kube delete pod "$SET-0" --wait=false >&2
			continue
		fi
		case "$status" in
		- | 0 | 137 | 143) ;; # running, done, or killed from outside
		*)
			show_log "$container"
			explain "$container" "$status"
			;;
		esac
		stuck="$(stuck_on "$waits")"
		if [[ -z "$stuck" ]]; then
			stuck_since=''
		else
			stuck_since="${stuck_since:-$SECONDS}"
			((SECONDS - stuck_since < STUCK_LIMIT)) ||
				give_up "$SET-0 does not start: $stuck. See: kubectl describe pod $SET-0 -n $NAMESPACE"
		fi
		if [[ -z "$stuck" && "$shown" != "$container" && "$waits" == *PodInitializing* && "$status" == - ]]; then
			shown="$container"
			# Ends with the container; a restore shows its progress here.
			kube logs "$SET-0" -c "$container" --follow >&2 || shown=''
		fi
		sleep 1
	done
	kube get events --field-selector "involvedObject.name=$SET-0" -o custom-columns=:message >&2
	give_up "$SET-0 did not answer within $2 s (startup.timeout). See: kubectl describe pod $SET-0 -n $NAMESPACE"
}

main "$@"
