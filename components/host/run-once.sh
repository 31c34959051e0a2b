#!/usr/bin/env bash
# Runs a command once for each new request, however often Pulumi runs this.
#
# usage: REQUEST=… run-once.sh COMMAND [ARGUMENT]…
# Pulumi hands in what was printed last (PULUMI_COMMAND_STDOUT): the request it answered, and below
# that the result. The same request again, or none, prints the last result again and runs nothing:
# a restore must not be repeated because an unrelated input changed or a setting was removed.
# Without a request the next one counts as new, even when it has the same words as the last.
# A command that fails fails this, and Pulumi keeps what was there before: the next `up` runs it again.
set -Eeuo pipefail
shopt -s inherit_errexit

main() {
	local request="${REQUEST:-}" last="${PULUMI_COMMAND_STDOUT:-}" answered='' result=''

	answered="${last%%$'\n'*}"
	answered="${answered#request: }"
	[[ "$last" != *$'\n'* ]] || result="${last#*$'\n'}"
	# "SET replace" has done all that "SET" asks for.
	if [[ -n "$request" && "$request" != "$answered" && "$request replace" != "$answered" ]]; then
		result="$("$@")"
	fi
	printf 'request: %s\n%s' "$request" "$result"
}

main "$@"
