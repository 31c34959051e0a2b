#!/usr/bin/env bash
# Says whether the backups are good, with kubectl alone: asks the CronJobs and Jobs, the store through the server's pod, and of an
# archive the console, which judges it.
# A table for a person, --json for a program, and an exit status that Nagios and its kin understand.

source "$(dirname -- "${BASH_SOURCE[0]}")/host/kube.bash"

# What a check's status means to Nagios.
readonly GOOD=0 WARNING=1 CRITICAL=2 UNKNOWN=3

POD=postgres-0
ARCHIVER=archiver
SETS='[]'
ARCHIVE=null
MAX_AGE=33000
MAX_VERIFIED_AGE=54600
JSON=""
STATE=$GOOD
PROBLEMS=()

usage() {
	cat <<'USAGE'
usage: status-postgres.sh [--json] [--namespace N] [--context C] [--max-age S] [--max-verified-age S]

Says whether the backups are good. Needs kubectl only.
  --json                one object: state, problems, archive, sets
  --namespace N         where the stack is (brewget)
  --context C           kubectl's context (the current one)
  --max-age S           seconds after which the newest set is late: critical (33000: six hours and a half of that, and a bit)
  --max-verified-age S  seconds after which the newest verified set is too old: a warning (54600)
Exit status: 0 good, 1 warning, 2 critical, 3 unknown. 64 for a usage error.
USAGE
}

# usage: problem STATE TEXT   The worst state counts; unknown is worse than good and less than the others.
problem() {
	PROBLEMS=(${PROBLEMS[@]+"${PROBLEMS[@]}"} "$2")
	case "$STATE$1" in
	"$GOOD"? | "$UNKNOWN$WARNING" | ?"$CRITICAL") STATE="$1" ;;
	esac
}

# usage: ask WORD...   kubectl, which does not wait for ever.
ask() { kube --request-timeout=20s "$@"; }

# usage: read_sets   SETS: list.sh's own JSON, out of the server's pod; stays empty where that cannot be had.
read_sets() {
	local answer

	if answer="$(ask exec "$POD" -c postgres -- bash /backup-scripts/list.sh --json 2>"$ERRORS")"; then
		SETS="$answer"
		return 0
	fi
	problem "$CRITICAL" "the sets cannot be listed: $(kube_last_line "$(cat "$ERRORS")")"
	return 1
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

judge_sets() {
	local line age name verified unverified

	line="$(newest)"
	if [[ -z "$line" ]]; then
		problem "$CRITICAL" "there is no backup yet"
		return 0
	fi
	name="$(field set <<<"$line")"
	age="$(field age_seconds <<<"$line")"
	((age <= MAX_AGE)) || problem "$CRITICAL" "the newest set, $name, is $age s old"
	((age >= -300)) || problem "$WARNING" "the newest set, $name, is from the future: a clock is wrong"
	verified="$(newest '"verified": true')"
	if [[ -z "$verified" ]]; then
		((age <= MAX_VERIFIED_AGE)) && [[ "$(printf '%s\n' "$SETS" | grep -c '"published"')" -le 3 ]] ||
			problem "$WARNING" "no set has been verified"
	elif age="$(field age_seconds <<<"$verified")" && ((age > MAX_VERIFIED_AGE)); then
		problem "$WARNING" "the newest verified set, $(field set <<<"$verified"), is $age s old"
	fi
	judge_failed "${verified:-}"
	judge_left_out "${verified:-}"
	unverified="$(words unverified <<<"$line")"
	[[ -z "$unverified" ]] || problem "$WARNING" "$name stays, not verified: $unverified"
	[[ "$(field flagged <<<"$line")" == null ]] || problem "$WARNING" "$name has lost data: $(words flagged <<<"$line")"
}

# usage: judge_failed VERIFIED   A set that did not verify, with none verified since.
judge_failed() {
	local line failed verified why

	line="$(set_aside | tail -n 1)"
	failed="$(field set <<<"$line")"
	verified="$(field set <<<"$1")"
	why="$(words why <<<"$line")"
	[[ -z "$failed" || "$failed" < "$verified" ]] || problem "$CRITICAL" "$failed did not verify and was set aside${why:+: $why}"
}

# usage: judge_left_out VERIFIED   What did not come back of a set whose rows did: as kind and name.
judge_left_out() {
	local count text

	read -r count text < <(grep -oE '"kind": "([^"\]|\\.)*", "name": "([^"\]|\\.)*"' <<<"$1" |
		sed -E 's/"kind": "(.*)", "name": "(.*)"/\1 \2/; s/\\(["\\])/\1/g' |
		awk 'NR <= 3 { text = text (NR > 1 ? ", " : "") $0 } END { print NR, text (NR > 3 ? " and more" : "") }')
	((count == 0)) || problem "$WARNING" "all rows of $(field set <<<"$1") came back, $count object$( ((count == 1)) || echo s) did not: $text"
}

# usage: judge_archive   Only where the server's pod has an archiver. By the console's word; where it has none, by the least that shows
# whether it lives.
judge_archive() {
	local containers answer line level

	containers="$(ask get pod "$POD" -o 'jsonpath={.spec.initContainers[*].name} {.spec.containers[*].name}' 2>"$ERRORS")" || return 0 # read_sets has said so
	case " $containers " in *" $ARCHIVER "*) ;; *) return 0 ;; esac
	if ! answer="$(ask exec deploy/postgres-console -- python3 -m console.ask 2>"$ERRORS")"; then
		judge_archive_alone
		return 0
	fi
	ARCHIVE="$(sed -n 's/^"archive": \(.*\),$/\1/p' <<<"$answer")"
	while IFS= read -r line; do
		level="$WARNING"
		[[ "$(words level <<<"$line")" != bad ]] || level="$CRITICAL"
		problem "$level" "$(words text <<<"$line")"
	done < <(grep -e '^{"code": "archive-' -e '^{"code": "offsite-sets"' <<<"$answer")
}

# usage: judge_archive_alone   A limited check: whether the archiver writes, and its slot.
judge_archive_alone() {
	local answer

	ARCHIVE='{"limited": true}'
	# shellcheck disable=SC2016 # the pod's shell, not this one
	answer="$(ask exec "$POD" -c postgres -- bash -c 'cd "$BACKUP_ROOT/archive" && find position.json -mmin -5 -exec cat {} +' 2>"$ERRORS")" || answer=""
	case "$answer" in
	'') problem "$WARNING" "the archive was not written within five minutes: kubectl logs $POD -c $ARCHIVER -n $NAMESPACE" ;;
	*'"slot" : "reserved"'* | *'"slot" : "extended"'*) ;;
	*) problem "$WARNING" "the archive's replication slot is lost, or about to be: kubectl logs $POD -c $ARCHIVER -n $NAMESPACE" ;;
	esac
}

# usage: judge_schedules   CRONJOBS: name, suspended, last schedule; one a line.
judge_schedules() {
	local name suspended last

	CRONJOBS="$(ask get cronjobs -o \
		'jsonpath={range .items[*]}{.metadata.name} {.spec.suspend} {.status.lastScheduleTime}{"\n"}{end}')" || {
		CRONJOBS=""
		problem "$UNKNOWN" "the CronJobs cannot be listed"
		return 0
	}
	for name in postgres-backup postgres-backup-verify; do
		if ! grep -q "^$name " <<<"$CRONJOBS"; then problem "$WARNING" "there is no CronJob $name"; fi
	done
	while read -r name suspended last; do
		[[ "$suspended" != true ]] || problem "$WARNING" "the CronJob $name is suspended (last run: ${last:-never})"
	done <<<"$CRONJOBS"
	judge_jobs
}

# usage: judge_jobs   The last Job of each schedule that ended.
judge_jobs() {
	local lines name ended

	lines="$(ask get jobs --sort-by=.metadata.creationTimestamp -o \
		'jsonpath={range .items[*]}{.metadata.ownerReferences[0].name} {.metadata.name} {.status.conditions[?(@.status=="True")].type}{"\n"}{end}')" || {
		problem "$UNKNOWN" "the Jobs cannot be listed"
		return 0
	}
	for name in postgres-backup postgres-backup-verify; do
		ended="$(grep "^$name " <<<"$lines" | grep -v -E ' postgres-(restore|pin|escrow)-' | grep -E '(Complete|Failed)$' | tail -n 1 || true)" # none has ended yet
		if [[ "$ended" == *Failed ]]; then problem "$CRITICAL" "the last run of $name failed: kubectl logs job/$(cut -d ' ' -f 2 <<<"$ended") -n $NAMESPACE"; fi
	done
}

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
	printf '], "archive": %s, "sets": %s}\n' "$ARCHIVE" "$SETS"
}

print_table() {
	local text line when

	printf 'BACKUPS %s\n' "$(state_name | tr '[:lower:]' '[:upper:]')"
	for text in ${PROBLEMS[@]+"${PROBLEMS[@]}"}; do printf -- '- %s\n' "$text"; done
	line="$(newest)"
	printf 'newest set       %s\n' "$(field set <<<"${line:-"\"set\": \"none\"}"}")"
	line="$(newest '"verified": true')"
	printf 'newest verified  %s\n' "$(field set <<<"${line:-"\"set\": \"none\"}"}")"
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

# usage: print_archive   From when to when any second can be restored; nothing where there is no archive.
print_archive() {
	case "$ARCHIVE" in
	null) ;;
	'{"limited"'*) echo 'archive          limited check: the console does not answer' ;;
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
	if read_sets; then judge_sets; fi
	judge_archive
	judge_schedules
	if [[ -n "$JSON" ]]; then print_json; else print_table; fi
	exit "$STATE"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then main "$@"; fi
