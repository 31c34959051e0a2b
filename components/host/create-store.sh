#!/usr/bin/env bash
# Runs the pod on stdin, which makes the store, and prints the store's id.
#
# usage: create-store.sh --context C --namespace N POD [CLAIM] <manifest
# With CLAIM, the volume behind it is kept when the claim is deleted (reclaim policy Retain):
# a StorageClass of minikube would delete it, and every set in it.
# stdout: the id. stderr: what the pod said. Status: 0, or 1 when the pod failed.
set -Eeuo pipefail
shopt -s inherit_errexit 2>/dev/null || true # macOS has bash 3.2, which does not know it

TIMEOUT="${STORE_TIMEOUT:-300}"

kubectl_() { kubectl --context "$CONTEXT" --namespace "$NAMESPACE" "$@"; }

keep_volume() {
	local claim="$1" volume

	volume="$(kubectl_ get persistentvolumeclaim "$claim" -o 'jsonpath={.spec.volumeName}')"
	[[ -n "$volume" ]] || return 0 # bound by its first pod: called again after that
	kubectl_ patch persistentvolume "$volume" --type=merge \
		-p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}' >&2
}

# usage: await_end POD
# Prints Succeeded or Failed; anything else is the phase it was stuck in.
await_end() {
	local pod="$1" phase='' deadline=$((SECONDS + TIMEOUT))

	while ((SECONDS < deadline)); do
		phase="$(kubectl_ get pod "$pod" -o 'jsonpath={.status.phase}')"
		[[ "$phase" != Succeeded && "$phase" != Failed ]] || break
		sleep 0.5
	done
	printf '%s\n' "$phase"
}

main() {
	[[ "$1" == --context && "$3" == --namespace ]]
	CONTEXT="$2" NAMESPACE="$4"
	local pod="$5" claim="${6:-}" phase id

	kubectl_ delete pod "$pod" --ignore-not-found --wait >&2
	kubectl_ create -f - >&2
	phase="$(await_end "$pod")"
	[[ -z "$claim" ]] || keep_volume "$claim"
	kubectl_ logs "$pod" --all-containers >&2 || true # none yet: the phase below says why
	if [[ "$phase" != Succeeded ]]; then
		printf 'The store was not made: pod %s is %s after %s s. Its events:\n' \
			"$pod" "${phase:-missing}" "$SECONDS" >&2
		kubectl_ get events --field-selector "involvedObject.name=$pod" -o custom-columns=:message >&2
		return 1
	fi
	id="$(kubectl_ get pod "$pod" \
		-o 'jsonpath={.status.containerStatuses[0].state.terminated.message}')"
	[[ -n "$id" ]] || {
		printf 'The store was made, but pod %s did not say its id.\n' "$pod" >&2
		return 1
	}
	kubectl_ delete pod "$pod" --wait=false >&2
	printf '%s' "$id"
}

main "$@"
