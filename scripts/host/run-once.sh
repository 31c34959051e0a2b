#!/usr/bin/env bash
# Runs a command once for each new request, however often Pulumi runs this.
#
# usage: REQUEST=… run-once.sh COMMAND [ARGUMENT]…
# Pulumi hands in what was printed last (PULUMI_COMMAND_STDOUT): the request it answered, and below
# that the result. The same request again, or none, prints the last result again and runs nothing:
# a restore must not be repeated because an unrelated input changed or a setting was removed.
# With SKIP_FIRST a command that Pulumi creates is not run: its request is an earlier stack's.
# Without a request the next one counts as new, even when it has the same words as the last.
# A command that fails fails this, and Pulumi keeps what was there before: the next `up` runs it again.
set -Eeuo pipefail
shopt -s inherit_errexit 2>/dev/null || true # macOS has bash 3.2, which does not know it

main() {
	local request="${REQUEST:-}" last="${PULUMI_COMMAND_STDOUT:-}" answered='' result=''

	if [[ -n "$request" && -n "${SKIP_FIRST:-}" && -z "${PULUMI_COMMAND_STDOUT+there}" ]]; then
		printf 'The stack is new, so "%s" is not run. To run it: remove the setting, pulumi up, set it again.\n' "$request" >&2
		answered_by "$request" ''
		return 0
	fi
	answered="${last%%$'\n'*}"
	answered="${answered#request: }"
	[[ "$last" != *$'\n'* ]] || result="${last#*$'\n'}"
	# "SET replace" has done all that "SET" asks for.
	if [[ -n "$request" && "$request" != "$answered" && "$request replace" != "$answered" ]]; then
		result="$("$@")"
	fi
	answered_by "$request" "$result"
}

# usage: answered_by REQUEST RESULT   What Pulumi keeps, and hands in the next time.
answered_by() { printf 'request: %s\n%s' "$1" "$2"; }

main "$@"
