#!/usr/bin/env bash
# Runs the pod on stdin, which makes the store, and prints the store's id.
#
# usage: create-store.sh --context C --namespace N POD [CLAIM] <manifest
# With CLAIM, the volume behind it is kept when the claim is deleted (reclaim policy Retain):
# a StorageClass of minikube would delete it, and every set in it.
# stdout: the id. stderr: what the pod said. Status: 0, or 1 when the pod failed.
source "$(dirname -- "${BASH_SOURCE[0]}")/kube.bash"

TIMEOUT="${STORE_TIMEOUT:-300}"

keep_volume() {
	local claim="$1" volume

	volume="$(kube get persistentvolumeclaim "$claim" -o 'jsonpath={.spec.volumeName}')"
	[[ -n "$volume" ]] || return 0 # bound by its first pod: called again after that
	kube patch persistentvolume "$volume" --type=merge \
		-p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}' >&2
}

main() {
	kube_option "$1" "$2" && kube_option "$3" "$4" && shift 4
	local pod="$1" claim="${2:-}" phase id

	kube delete pod "$pod" --ignore-not-found --wait --timeout="${TIMEOUT}s" >&2
	kube create -f - >&2
	phase="$(kube_await_end "$pod")"
	[[ -z "$claim" ]] || keep_volume "$claim"
	kube logs "$pod" --all-containers >&2 || true # none yet: the phase below says why
	if [[ "$phase" != Succeeded ]]; then
		printf 'The store was not made: pod %s is %s after %s s. Its events:\n' \
			"$pod" "${phase:-missing}" "$SECONDS" >&2
		kube get events --field-selector "involvedObject.name=$pod" -o custom-columns=:message >&2
		return 1
	fi
	id="$(kube get pod "$pod" \
		-o 'jsonpath={.status.containerStatuses[0].state.terminated.message}')"
	[[ -n "$id" ]] || {
		printf 'The store was made, but pod %s did not say its id.\n' "$pod" >&2
		return 1
	}
	kube delete pod "$pod" --wait=false >&2
	printf '%s' "$id"
}

main "$@"
