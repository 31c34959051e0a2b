#!/usr/bin/env bash
# Runs the pod on stdin, which connects to a server that others run, and prints what its role may not do.
#
# usage: check-server.sh --context C --namespace N POD SECRET <manifest
# SECRET has the role's password: without it the pod would wait for ever.
# stdout: a sentence a line. stderr: the same for a person. Status: 0, or 1 with the reason and the way.
source "$(dirname -- "${BASH_SOURCE[0]}")/kube.bash"

TIMEOUT="${CHECK_TIMEOUT:-300}"

give_up() {
	printf 'The server cannot be saved: %s. Nothing of it was changed\n' "$*" >&2
	exit 1
}

# usage: way SECRET MESSAGE   What to do about what libpq says; nothing where that is not known.
way() {
	case "$2" in
	*'server does not support SSL'*)
		echo 'It speaks no TLS. Where nobody else is on the network between: pulumi config set --path external.sslmode disable'
		;;
	*'certificate verify failed'*)
		echo 'Its certificate is of another CA: pulumi config set --path external.ca < ca.crt, with that of the server'
		;;
	*'does not match host name'*)
		echo 'external.host has to be a name that is in its certificate, or external.sslmode verify-ca'
		;;
	*'could not read root certificate'* | *'root certificate file'*)
		echo 'The image knows no CA: pulumi config set --path external.ca < ca.crt, with that of the server'
		;;
	*'authentication failed'* | *'role "'*'" does not exist'*)
		echo "external.user and the password in the Secret $1 have to be those of a role that may log in"
		;;
	*'unsupported startup parameter'*) echo 'A pooler is in between: external.host and external.port have to be those of the server itself' ;;
	*'no encryption'*) echo 'It lets nobody in without TLS: pulumi config rm --path external.sslmode' ;;
	*'pg_hba.conf'*) echo "Its rules have to let external.user in from this cluster's nodes" ;;
	*) echo 'external.host and external.port have to lead there from inside the cluster' ;;
	esac
}

main() {
	kube_option "$1" "$2" && kube_option "$3" "$4" && shift 4
	local pod="$1" secret="$2" phase said line

	[[ -n "$(kube get secret "$secret" -o 'jsonpath={.data.password}' --ignore-not-found)" ]] ||
		give_up "the Secret $secret is not there, or has no key password. To make it: kubectl create secret generic $secret --namespace $NAMESPACE --from-file=password=FILE"
	kube delete pod "$pod" --ignore-not-found --wait --timeout="${TIMEOUT}s" >&2
	kube create -f - >&2
	phase="$(kube_await_end "$pod")"
	said="$(kube get pod "$pod" -o 'jsonpath={.status.containerStatuses[0].state.terminated.message}')"
	! grep -q '^refused ' <<<"$said" || give_up "$(sed -n 's/^refused //p' <<<"$said" | paste -s -d ';' -)"
	case "$phase $said" in
	'Succeeded '*) ;;
	'Failed '?*) give_up "$(grep . <<<"$said" | tail -n 1). $(way "$secret" "$said")" ;;
	*)
		kube get events --field-selector "involvedObject.name=$pod" -o custom-columns=:message >&2
		give_up "pod $pod is ${phase:-missing} after $SECONDS s; its events are above"
		;;
	esac
	kube delete pod "$pod" --wait=false >&2
	said="$(sed -n 's/^note //p' <<<"$said")"
	while IFS= read -r line; do
		[[ -z "$line" ]] || say "note: $line"
	done <<<"$said"
	printf '%s' "$said"
}

main "$@"
