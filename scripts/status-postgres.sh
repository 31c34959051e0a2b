#!/usr/bin/env bash
# Says whether the backups are good, with kubectl alone: what the console says, which judges for page, metrics and messages too. Where
# none answers it is a limited check: of the CronJobs and Jobs, of the store through the server's pod (through a Job where others run the
# server), of whether the archiver writes.
# A table for a person, --json for a program, and an exit status that Nagios and its kin understand.

source "$(dirname -- "${BASH_SOURCE[0]}")/host/kube.bash"
source "$(dirname -- "${BASH_SOURCE[0]}")/host/limited.bash"

# What a check's status means to Nagios.
readonly GOOD=0 WARNING=1 CRITICAL=2 UNKNOWN=3

POD=postgres-0
LIST="$(dirname -- "${BASH_SOURCE[0]}")/host/list-sets.sh"
ARCHIVER=archiver
CONSOLE=deploy/postgres-console
SETS='[]'
CRONJOBS=""
ARCHIVE=null
# What the console answered, one problem a line; or, where it did not, why.
SAID=""
LIMITED=""
MAX_AGE=33000
MAX_VERIFIED_AGE=54600
JSON=""
STATE=$GOOD
PROBLEMS=()
# What to do next about each of them; empty where that is not known.
STEPS=()

usage() {
	cat <<'USAGE'
usage: status-postgres.sh [--json] [--namespace N] [--context C] [--max-age S] [--max-verified-age S]

Says whether the backups are good, as the console's page does. Needs kubectl only. Where no console answers, the check is limited.
  --json                one object: state, problems, limited, archive, sets
  --namespace N         where the stack is (brewget)
  --context C           kubectl's context (the current one)
  --max-age S           of a limited check: seconds after which the newest set is late, critical (33000: six hours and a half of that, and a bit)
  --max-verified-age S  of a limited check: seconds after which the newest verified set is too old, a warning (54600)
                        (the console goes by the schedule itself)
Exit status: 0 good, 1 warning, 2 critical, 3 unknown. 64 for a usage error.
USAGE
}

# usage: problem STATE TEXT [NEXT]   The worst state counts; unknown is worse than good and less than the others.
problem() {
	PROBLEMS=(${PROBLEMS[@]+"${PROBLEMS[@]}"} "$2")
	STEPS=(${STEPS[@]+"${STEPS[@]}"} "${3:-}")
	case "$STATE$1" in
	"$GOOD"? | "$UNKNOWN$WARNING" | ?"$CRITICAL") STATE="$1" ;;
	esac
}

# usage: ask WORD...   kubectl, which does not wait for ever.
ask() { kube --request-timeout=20s "$@"; }

# usage: ask_console   Fills SAID or LIMITED. Its own program in its own pod, so that nobody has to hand over its token.
# One that is off was not wanted. One that is on and does not answer is a problem by itself: nobody is notified of any other.
ask_console() {
	local answer

	if answer="$(ask exec "$CONSOLE" -- python3 -m console.ask 2>"$ERRORS")"; then
		# Good without a problem, or anything else with one.
		case "$answer" in
		'{"version": 1, '*'"level": "good"'*'"problems": ['* | '{"version": 1, '*'"problems": ['*'{"code": '*) SAID="$answer" ;;
		*) LIMITED="the console's answer cannot be read" ;;
		esac
	elif grep -q 'deployments\.apps .* not found' "$ERRORS"; then
		LIMITED="the console is off"
		return 0
	else
		LIMITED="$(limited_why)"
	fi
	[[ -z "$LIMITED" ]] || problem "$WARNING" "$LIMITED" "kubectl logs $CONSOLE -n $NAMESPACE"
}

# usage: repeat_console   Its problems in its words. What it is unsure of is unknown.
repeat_console() {
	local line state

	ARCHIVE="$(sed -n 's/^"archive": \(.*\),$/\1/p' <<<"$SAID")"
	while IFS= read -r line; do
		case "$(words level <<<"$line")" in
		bad) state="$CRITICAL" ;;
		warning) state="$WARNING" ;;
		*) state="$UNKNOWN" ;;
		esac
		problem "$state" "$(words text <<<"$line")" "$(words next <<<"$line")"
	done < <(grep '^{"code": ' <<<"$SAID" || true) # there may be none
}

# usage: check_alone   What can be found out without the console.
check_alone() {
	local containers

	if read_sets "$CRITICAL"; then limited_sets; fi
	if containers="$(ask get pod "$POD" -o 'jsonpath={.spec.initContainers[*].name} {.spec.containers[*].name}' 2>"$ERRORS")"; then
		case " $containers " in *" $ARCHIVER "*) limited_archive ;; esac
	fi # else read_sets has said so
	read_schedules
	limited_schedules
}

# usage: read_schedules   CRONJOBS: name, suspended, last schedule; one a line.
read_schedules() {
	CRONJOBS="$(ask get cronjobs -o \
		'jsonpath={range .items[*]}{.metadata.name} {.spec.suspend} {.status.lastScheduleTime}{"\n"}{end}')" || {
		CRONJOBS=""
		problem "$UNKNOWN" "the CronJobs cannot be listed"
	}
}

# usage: read_sets STATE   SETS: list.sh's own JSON; stays empty, which is STATE, where that cannot be had.
read_sets() {
	local answer

	if answer="$(list_sets 2>"$ERRORS")" && [[ "$answer" == "["*"]" ]]; then
		SETS="$answer"
		return 0
	fi
	problem "$1" "the sets cannot be listed: $(kube_last_line "$(cat "$ERRORS")")"
	return 1
}

# usage: list_sets   Out of the server's pod; by a Job where others run the server, as a CronJob then says.
list_sets() {
	local others='jsonpath={.spec.jobTemplate.spec.template.spec.containers[0].env[?(@.name=="SERVER_OF_OTHERS")].name}'

	if [[ "$(ask get cronjob postgres-backup -o "$others" 2>/dev/null)" != SERVER_OF_OTHERS ]]; then # what cannot be asked is said below
		ask exec "$POD" -c postgres -- bash /backup-scripts/list.sh --json
		return $?
	fi
	"$LIST" --namespace "$NAMESPACE" ${CONTEXT:+--context "$CONTEXT"}
}

# usage: field KEY < OBJECT   A key's number, true, false or text out of one line of list.sh --json.
field() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",}]*\)\"\{0,1\}[,}].*/\1/p"; }

# usage: words KEY < OBJECT   A key's text as a person reads it, whatever signs are in it. Of JSON's escapes only \" and \\
# are undone: a control character stays what list.sh made of it.
words() { LC_ALL=C sed -nE 's/.*"'"$1"'": "(([^"\]|\\.)*)".*/\1/p' | sed 's/\\\(["\\]\)/\1/g'; }

# usage: newest [PATTERN]   The last published set's line that has PATTERN.
newest() { printf '%s\n' "$SETS" | grep '"state": "published"' | grep -e "${1:-.}" | tail -n 1 || true; } # there may be none

# usage: set_aside   The lines of the sets in failed/, oldest first.
set_aside() { printf '%s\n' "$SETS" | grep '"state": "failed"' || true; } # there may be none

state_name() {
	case "$STATE" in
	"$GOOD") echo good ;;
	"$WARNING") echo warning ;;
	"$CRITICAL") echo critical ;;
	*) echo unknown ;;
	esac
}

print_json() {
	local text separator=""

	printf '{"state": "%s", "problems": [' "$(state_name)"
	for text in ${PROBLEMS[@]+"${PROBLEMS[@]}"}; do
		printf '%s%s' "$separator" "$(kube_json "$text")"
		separator=", "
	done
	printf '], "limited": %s, "archive": %s, "sets": %s}\n' "$([[ -z "$LIMITED" ]] && echo null || kube_json "$LIMITED")" "$ARCHIVE" "$SETS"
}

print_table() {
	local i text line when

	printf 'BACKUPS %s\n' "$(state_name | tr '[:lower:]' '[:upper:]')"
	for i in ${PROBLEMS[@]+"${!PROBLEMS[@]}"}; do
		printf -- '- %s\n' "${PROBLEMS[i]}"
		[[ -z "${STEPS[i]}" ]] || printf '  %s\n' "${STEPS[i]}"
	done
	[[ -z "$SAID" ]] || printf 'console          %s\n' "$(words headline <<<"$SAID")"
	[[ -z "$LIMITED" ]] || printf 'console          limited check: %s\n' "$LIMITED"
	printf 'newest set       %s\n' "$(name_of newest "$(newest)")"
	printf 'newest verified  %s\n' "$(name_of verified "$(newest '"verified": true')")"
	line="$(printf '%s\n' "$SETS" | grep '"pinned": true' | field set | paste -s -d ' ' - || true)" # there may be none
	printf 'pinned           %s\n' "${line:-none}"
	print_archive
	printf 'schedules        %s\n' "$(cut -d ' ' -f 1 <<<"$CRONJOBS" | grep '^postgres-backup' | paste -s -d ' ' -)"
	set_aside | while IFS= read -r line; do
		when="$(words set_aside <<<"$line")"
		text="$(words why <<<"$line")"
		printf 'set aside        %s%s%s\n' "$(field set <<<"$line")" "${when:+ $when}" "${text:+: $text}"
	done
}

# usage: name_of KEY LINE   A set's name: by the console's word under KEY, else out of the listing's LINE.
name_of() {
	local name

	if [[ -n "$SAID" ]]; then name="$(words "$1" <<<"$SAID")"; else name="$(field set <<<"$2")"; fi
	printf '%s\n' "${name:-none}"
}

# usage: print_archive   From when to when any second can be restored; nothing where there is no archive.
print_archive() {
	case "$ARCHIVE" in
	null) ;;
	'{"limited"'*) printf 'archive          limited check: %s\n' "$LIMITED" ;;
	*'"from": null'*) printf 'archive          no moment can be restored yet\n' ;;
	*) printf 'archive          from %s to %s\n' "$(field from <<<"$ARCHIVE")" "$(field to <<<"$ARCHIVE")" ;;
	esac
}

# usage: give_up WHY   When there is no answer from the cluster.
give_up() {
	problem "$UNKNOWN" "$1"
	if [[ -n "$JSON" ]]; then print_json; else echo "BACKUPS UNKNOWN: $1"; fi
	exit "$UNKNOWN"
}

parse_options() {
	while (($# > 0)); do
		case "$1" in
		--help)
			usage
			exit 0
			;;
		--json) JSON=1 ;;
		--namespace | --context) kube_option "$1" "${2:-}" && shift ;;
		--max-age) kube_require_seconds "$1" "${2:-}" && MAX_AGE="$2" && shift ;;
		--max-verified-age) kube_require_seconds "$1" "${2:-}" && MAX_VERIFIED_AGE="$2" && shift ;;
		*) fail 64 "unknown option '$1'. See: status-postgres.sh --help" ;;
		esac
		shift
	done
}

main() {
	parse_options "$@"
	command -v kubectl >/dev/null || give_up "kubectl is not on PATH"
	ERRORS="$(mktemp)"
	trap 'rm -f -- "$ERRORS"' EXIT
	ask get namespace "$NAMESPACE" -o name >/dev/null 2>"$ERRORS" ||
		give_up "the cluster cannot be reached: $(kube_last_line "$(cat "$ERRORS")")"
	ask_console
	if [[ -n "$SAID" ]]; then
		repeat_console
		# Only to be shown: they were judged already.
		read_sets "$UNKNOWN" || true # that is a problem by then
		read_schedules
	else
		check_alone
	fi
	if [[ -n "$JSON" ]]; then print_json; else print_table; fi
	exit "$STATE"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
