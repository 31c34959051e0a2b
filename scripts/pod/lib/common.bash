# What every program here shares: strict mode, log, die, settings, files that are whole or not there. The words of all
# the others, so they alone carry no prefix. It reads the environment and changes nothing but a private directory in
# TMPDIR. The program has set SCRIPTS, the directory where it lies.
#
# Needs bash, the PostgreSQL client tools, zstd or gzip, and what busybox and GNU have in common.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

set -Eeuo pipefail
shopt -s inherit_errexit
umask "${BACKUP_UMASK:-077}"
# sort, awk and pattern matching go by bytes; initdb gets the caller's locale back (server.bash).
CALLERS_LC_ALL="${LC_ALL:-}"
export LC_ALL=C

# The exit statuses that callers rely on. In scripts/README.md too.
readonly OK=0 USAGE=64 BROKEN=65 UNREACHABLE=69 UNEXPECTED=70 NO_SPACE=73 BUSY=75 REFUSED=78

BACKUP_ROOT="${BACKUP_ROOT:-/backup}"
BACKUP_KEEP="${BACKUP_KEEP:-10}"
BACKUP_KEEP_DAILY="${BACKUP_KEEP_DAILY:-0}"
BACKUP_KEEP_WEEKLY="${BACKUP_KEEP_WEEKLY:-0}"
BACKUP_KEEP_MONTHLY="${BACKUP_KEEP_MONTHLY:-0}"
BACKUP_FORMAT="${BACKUP_FORMAT:-custom}"
BACKUP_COMPRESSION="${BACKUP_COMPRESSION:-zstd}"
BACKUP_JOBS="${BACKUP_JOBS:-2}"
BACKUP_HASHES="${BACKUP_HASHES:-full}"
BACKUP_LOCK_WAIT="${BACKUP_LOCK_WAIT:-600}"
BACKUP_SERVER_WAIT="${BACKUP_SERVER_WAIT:-0}"
# 64 MiB: the store is never filled to the brim, so that verdicts and links can still be written.
BACKUP_MIN_FREE="${BACKUP_MIN_FREE:-67108864}"
BACKUP_ALLOW_VOLATILE="${BACKUP_ALLOW_VOLATILE:-}"
BACKUP_STORE_ID="${BACKUP_STORE_ID:-}"
BACKUP_DATABASES="${BACKUP_DATABASES:-}"
BACKUP_SKIP="${BACKUP_SKIP:-}"
BACKUP_ROLES_EXCEPT="${BACKUP_ROLES_EXCEPT:-}"
SERVER_OF_OTHERS="${SERVER_OF_OTHERS:-}"

WORK=""
# Commands to run on the way out, newest first; each must be safe to run at any point.
ON_EXIT=()

# usage: log MESSAGE...    One line to stderr, UTC time first.
log() {
	local text="$*"

	# A name may hold a line break; an event stays one line.
	printf '%s %s\n' "$(utc)" "${text//[$'\n\r']/ }" >&2
}

# usage: die STATUS MESSAGE...
die() {
	local status="$1"

	shift
	log "error: $*"
	exit "$status"
}

# usage: read_text VARIABLE FILE   A program in SQL or awk, e.g. awk/retention.awk. At the start, as the libraries are
# read: when the ConfigMap changes, the files go away under programs that run.
read_text() { IFS= read -r -d '' "$1" <"$SCRIPTS/$2" || [[ -n "${!1-}" ]] || die "$UNEXPECTED" "cannot read $SCRIPTS/$2"; }

read_text AWK_TEXT awk/text.awk

# What free_bytes says of a file system that does not tell (9p mounts, tmpfs without a limit): it is not full for that.
readonly UNKNOWN=9223372036854775807

# usage: free_bytes PATH
free_bytes() {
	local total blocks size answer

	answer="$(stat -f -c '%b %a %S' -- "$1")" || return "$UNREACHABLE"
	read -r total blocks size <<<"$answer"
	printf '%s\n' "$((total > 0 ? blocks * size : UNKNOWN))"
}

# usage: tmpdir_is_full   0 if WORK has no room for a file, else 1: then nothing that was found out counts against a set.
tmpdir_is_full() {
	local free

	[[ -d "$WORK" ]] && free="$(free_bytes "$WORK")" && ((free < 16384))
}

# usage: why_status DIRECTORY   Of a program that failed there with WHY: 73 where it is full, which pgBackRest does not say, else 69.
why_status() {
	local free

	[[ "${WHY,,}" != *'no space left'* && "$WHY" != *"is full)" ]] || return "$NO_SPACE"
	{ free="$(free_bytes "$1")" && ((free < 1048576)); } || return "$UNREACHABLE"
	WHY+=" ($1 is full)"
	return "$NO_SPACE"
}

# usage: COMMAND | into FILE   For what text tools write: busybox' awk, sort, sed and grep do not notice that a disk is
# full, and what they lost would be missing without a word. cat notices; 73 then, as pipefail has it.
into() { cat >"$1" || return "$NO_SPACE"; }

# usage: COMMAND | onto FILE   The same, behind what is there.
onto() { cat >>"$1" || return "$NO_SPACE"; }

# usage: COMMAND | replace FILE   It becomes that, or stays: who reads it has the one or the other, and of a hard link the other name stays as it was.
replace() { into "$1.new" && mv -- "$1.new" "$1"; }

# usage: require_finding STATUS PATH [MESSAGE]   Ends with 69 unless STATUS is a finding, 0 good or 65 bad: a program that
# was killed, or had no memory, or could not open a file that is there, has found out nothing.
require_finding() {
	(($1 == OK || $1 == BROKEN)) || [[ ! -e "$2" ]] ||
		die "$UNREACHABLE" "cannot read $2 (status $1${3:+: $3}). Is it another user's, is memory short, or is the disk failing? No set is judged by that"
}

# usage: step NAME
# Marks a point between two changes of state. Tests stop the script here.
step() {
	[[ -n "${BACKUP_STEP_HOOK:-}" ]] || return 0
	# The hook's own status says nothing about our work. It gets none of the lock descriptors:
	# a hook that outlives us would hold our locks.
	"$BACKUP_STEP_HOOK" "$1" 6>&- 7>&- 8>&- 9>&- || return 0
}

# usage: try_lock -x|-s DESCRIPTOR LACK MORE   0 it is ours, 1 another's. Of a holder flock says nothing: where it has a word there are no
# locks, and LACK, that word and MORE are the sentence (78).
try_lock() {
	local said

	said="$(flock "$1" -n "$2" 2>&1)" && return 0
	[[ -z "$said" ]] || die "$REFUSED" "$3 ($said)$4"
	return 1
}

# usage: sign_lock FILE WHO   For those who wait; who holds the lock is the kernel's knowledge. A full disk must not stop us here.
sign_lock() {
	{ printf '%s on %s, process %s, since %s\n' "$2" "${HOSTNAME:-?}" "$BASHPID" "$(utc)" >"$1"; } 2>/dev/null ||
		log "the lock is ours, but the holder's name could not be written into it"
}

# At exit: nothing of ours goes on after us, holds a lock or writes into WORK.
end_helpers() {
	local helpers

	helpers="$(jobs -p -r)"
	# shellcheck disable=SC2086 # numbers
	[[ -z "$helpers" ]] || kill $helpers 2>/dev/null # one may have ended by itself
	wait
}

# usage: at_exit COMMAND   (one word: a function's name)
at_exit() { ON_EXIT=("$1" "${ON_EXIT[@]}"); }

# usage: run COMMAND [ARGUMENT...]   Each program's last call. A shell hears no signal while a program of its own runs in front, and
# in a pod it is process 1, and nobody else is told: so COMMAND runs beside us, and a signal that we get goes to it
# and to all that it has started, where the process group is ours (1: everything in the container).
run() {
	local child="" signal heard="" status=0

	for signal in HUP INT TERM; do
		# shellcheck disable=SC2064 # now
		trap "heard=1; trap '' HUP INT TERM; [[ -z \"\$child\" ]] || kill -s $signal -- -$$ 2>/dev/null || kill -s $signal \"\$child\"" "$signal"
	done
	"$@" <&0 &
	child=$!
	[[ -z "$heard" ]] || kill "$child"
	wait "$child" || status=$?
	[[ -z "$heard" ]] || { status=0 && wait "$child" || status=$?; }
	exit "$status"
}

# Runs the clean-up and turns a status outside the contract into one within.
leave() {
	local status=$? command

	# From here on nothing stops us: every clean-up gets its turn.
	trap '' HUP INT TERM
	trap - EXIT ERR
	set +e
	end_helpers
	if ((status != OK && status < 128)) && tmpdir_is_full; then
		log "error: TMPDIR=${TMPDIR:-/tmp} is full, and what is said above may come from that. Make room there, then try again."
		status=$NO_SPACE
	fi
	for command in "${ON_EXIT[@]}"; do "$command"; done
	case $status in
	0 | 64 | 65 | 69 | 7[0358] | 129 | 130 | 143) ;;
	*) status=$UNEXPECTED ;;
	esac
	exit "$status"
}

# usage: begin   Each script's first call: private work directory, clean-up, checked settings.
begin() {
	trap leave EXIT
	trap 'log "error: ${BASH_SOURCE[0]##*/}: line $LINENO failed with status $?"' ERR
	trap "trap '' HUP INT TERM; exit 129" HUP
	trap "trap '' HUP INT TERM; exit 130" INT
	trap "trap '' HUP INT TERM; exit 143" TERM
	# A psql that died before it had read all is noticed by its status; without this, writing to it would end us at once.
	trap : PIPE
	check_settings
	WORK="$(mktemp -d "${TMPDIR:-/tmp}/brewget.XXXXXX")" ||
		die "$NO_SPACE" "cannot make a directory in ${TMPDIR:-/tmp}"
	at_exit remove_work
}

remove_work() { rm -rf -- "$WORK"; }

# usage: require_number LEAST NAME...   Of each variable.
require_number() {
	local name

	for name in "${@:2}"; do
		{ [[ "${!name}" =~ ^(0|[1-9][0-9]{0,17})$ ]] && ((${!name} >= $1)); } ||
			die "$USAGE" "$name='${!name}' makes no sense: a whole number from $1 is allowed. Nothing was changed."
	done
}

# usage: require_one NAME WORD WORD   The variable is one of two words.
require_one() { [[ "${!1}" == "$2" || "${!1}" == "$3" ]] || die "$USAGE" "$1='${!1}': $2 and $3 are allowed"; }

# usage: check_settings   A senseless value is refused before anything is touched.
check_settings() {
	require_number 1 BACKUP_KEEP BACKUP_JOBS
	require_number 0 BACKUP_{KEEP_DAILY,KEEP_WEEKLY,KEEP_MONTHLY,LOCK_WAIT,SERVER_WAIT,MIN_FREE}
	require_one BACKUP_FORMAT custom directory
	require_one BACKUP_HASHES full rows
	[[ -z "$BACKUP_ALLOW_VOLATILE" ]] || require_one BACKUP_ALLOW_VOLATILE 0 1
	[[ "$BACKUP_COMPRESSION" =~ ^(none|gzip(:[1-9])?|zstd(:([1-9]|1[0-9]|2[0-2]))?)$ ]] ||
		die "$USAGE" "BACKUP_COMPRESSION='$BACKUP_COMPRESSION': none, gzip[:1-9] and zstd[:1-22] are allowed"
	[[ "$BACKUP_ROOT" == /* ]] || die "$USAGE" "BACKUP_ROOT='$BACKUP_ROOT': an absolute path is needed"
}

# usage: epoch UTC   (2026-11-22T06:00:00Z or backup_20261122_060000 or 20261122_060000)
epoch() {
	local digits="${1//[^0-9]/}"

	date -u -d "${digits:0:4}-${digits:4:2}-${digits:6:2} ${digits:8:2}:${digits:10:2}:${digits:12:2}" +%s
}

# usage: utc   The time now.
utc() { TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T\n' -1; }

# usage: tool_version PROGRAM   e.g. 16.15
tool_version() {
	local answer

	answer="$("$1" --version)" || die "$UNREACHABLE" "$1 does not run: are the PostgreSQL client tools on PATH?"
	[[ "$answer" =~ \)\ ([0-9]+(\.[0-9]+)?) ]] || die "$REFUSED" "cannot read the version out of '$answer'"
	printf '%s\n' "${BASH_REMATCH[1]}"
}

# usage: tool_major PROGRAM   e.g. 16: what it says of itself, not what an image's tag says.
tool_major() {
	local version

	version="$(tool_version "$1")" || return $?
	printf '%s\n' "${version%%.*}"
}

# usage: make_durable PATH...   Files first, their directories after.
make_durable() { sync -- "$@" || die "$NO_SPACE" "cannot write to disk: $*"; }

# usage: sum_of FILE
sum_of() {
	local line

	line="$(sha256sum -- "$1")" || return "$UNREACHABLE"
	printf '%s\n' "${line%% *}"
}

# usage: size_of PATH   Bytes of a file, or of all files in a directory.
size_of() {
	find "$1" -type f -print0 | xargs -0 -r stat -c %s | awk '{ sum += $1 } END { printf "%.0f\n", sum }' ||
		die "$UNREACHABLE" "cannot tell the size of $1"
}
