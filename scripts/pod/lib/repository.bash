# The archive beside the sets: pgBackRest's repositories, each with a configuration, keys, locks and a queue of its own, so that one
# that is away keeps nothing from another. In each it is pgBackRest's only one (repo1).
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

read_text AWK_JSON awk/json.awk
read_text AWK_JSON_FLATTEN awk/json_flatten.awk
read_text AWK_PGBACKREST_SAID awk/pgbackrest_said.awk

ARCHIVE="$BACKUP_ROOT/archive"
# A directory with NAME.conf for each repository, as pgBackRest reads it. Empty: there is no archive.
ARCHIVE_CONF="${ARCHIVE_CONF:-}"
# NAME/OPTION, e.g. local/repo1-cipher-pass: what must not stand in a configuration.
ARCHIVE_KEYS="${ARCHIVE_KEYS:-/run/secrets/archive}"
# What is written each minute, and how far the newest write had come: a restore has to get there.
POSITION="$ARCHIVE/position.json"
# The identifiers of the servers whose archive this has been, one a line, the present one last.
SYSTEMS="$ARCHIVE/systems"
STANZA=brewget
SLOT=brewget_archiver
SEGMENT='^[0-9A-F]{24}$'

# usage: repository_lock WHO   The archive's lock, on descriptor 8, until the process and all that it started have ended: the archiver of a pod
# that was deleted by force may still be at work.
repository_lock() {
	local waited=0

	{ exec 8>>"$ARCHIVE/.lock"; } || die "$NO_SPACE" "cannot write $ARCHIVE/.lock"
	until try_lock -x 8 "the file system of $ARCHIVE has no locks" ". $ELSEWHERE"; do
		((waited < BACKUP_LOCK_WAIT)) || die "$BUSY" "the archive is in use by $(head -n 1 -- "$ARCHIVE/.lock"); waited $waited s (BACKUP_LOCK_WAIT)"
		sleep 1
		waited=$((waited + 1))
	done
	sign_lock "$ARCHIVE/.lock" "$1"
}

# usage: repository_names   One a line, by name: `local` comes before `offsite`.
repository_names() {
	local file

	for file in "$ARCHIVE_CONF"/*.conf; do [[ ! -e "$file" ]] || basename -- "$file" .conf; done
}

# usage: repository_export NAME   Makes this shell, and a server that it starts, work with this repository: pgBackRest takes any option from
# its environment. No pg1-* among them: with one, a push fails once the data directory is lost, and so does what waits in the queue.
repository_export() {
	local file option

	mkdir -p -- "$WORK/lock-$1"
	export PGBACKREST_CONFIG="$ARCHIVE_CONF/$1.conf" PGBACKREST_STANZA="$STANZA" PGBACKREST_LOCK_PATH="$WORK/lock-$1"
	export PGBACKREST_LOG_LEVEL_FILE=off PGBACKREST_LOG_LEVEL_CONSOLE=off PGBACKREST_LOG_LEVEL_STDERR=error
	for file in "$ARCHIVE_KEYS/$1"/*; do
		[[ -f "$file" ]] || continue
		option="$(basename -- "$file")"
		option="${option//-/_}"
		export "PGBACKREST_${option^^}=$(<"$file")"
	done
}

# usage: repository_run NAME COMMAND [ARGUMENT...]   Its output on stdout. Status 69 unless pgBackRest did it: repository_said says why.
repository_run() (
	repository_export "$1"
	pgbackrest "${@:2}" 2>"$WORK/said.$1.$2" 7>&- 8>&- 9>&- || exit "$UNREACHABLE"
)

# usage: repository_said NAME COMMAND   The first error, in one line: the last of its causes. What is wrong with an option is said on stdout.
repository_said() { { cat -- "$WORK/said.$1.$2" "$WORK/out.$1.$2" 2>/dev/null || :; } | awk "$AWK_PGBACKREST_SAID"; }

# usage: repository_do NAME COMMAND [ARGUMENT...]   Status 69 with WHY.
repository_do() { repository_run "$@" >"$WORK/out.$1.$2" || { WHY="$(repository_said "$1" "$2")" && return "$UNREACHABLE"; }; }

# usage: repository_info NAME   Prints, flattened, what is in it, be it nothing. Status 69 with WHY where that is unknown: pgBackRest's own is
# 0 also with a wrong key.
repository_info() {
	local flat

	WHY="the repository $1 cannot be read"
	repository_run "$1" info --output=json >"$WORK/out.$1.info" || { WHY+=": $(repository_said "$1" info)" && return "$UNREACHABLE"; }
	flat="$(json_flatten "$WORK/out.$1.info" 2>/dev/null)" || { WHY+=": it was made with another key" && return "$UNREACHABLE"; }
	[[ "$flat" =~ $'\n'0\.repo\.0\.status\.code$'\t'([0-9]+)$'\n'0\.repo\.0\.status\.message$'\t'\"([^\"]*) ]] || return "$UNREACHABLE"
	# 1 to 3: no stanza, no backup yet.
	((BASH_REMATCH[1] < 4)) || {
		[[ "${BASH_REMATCH[2]}" == *FormatError:* || "${BASH_REMATCH[2]}" == *CryptoError:* ]] && WHY+=": it was made with another key, or is damaged" || WHY+=": ${BASH_REMATCH[2]%%\\n*}"
		return "$UNREACHABLE"
	}
	printf '%s\n' "$flat"
}

# usage: repository_require_ours NAME   Sets SYSTEM to the identifier of the server whose backups are in it, empty where it is empty, and INFO. Status 69
# with WHY where that is unknown, or it is another stack's.
repository_require_ours() {
	repository_info "$1" >"$WORK/flat.$1" || return "$UNREACHABLE"
	INFO="$(<"$WORK/flat.$1")"
	SYSTEM="$(awk -F '\t' '/^0\.db\.[0-9]+\.system-id\t/ { last = $2 } END { print last }' "$WORK/flat.$1")"
	[[ -z "$SYSTEM" ]] || grep -q -x -- "$SYSTEM" "$SYSTEMS" || {
		WHY="it has the backups of another server ($SYSTEM), which are left alone. Give this stack a place of its own"
		return "$UNREACHABLE"
	}
}

# usage: repository_own NAME OPTION...   Makes one the server's that is empty, or was this archive's before. Status 69 with WHY.
repository_own() {
	local INFO SYSTEM

	repository_require_ours "$1" || return "$UNREACHABLE"
	if [[ -z "$SYSTEM" ]]; then
		repository_do "$1" stanza-create "${@:2}" || repository_begin_anew "$@"
	elif [[ "$SYSTEM" != "$(tail -n 1 -- "$SYSTEMS")" ]]; then
		repository_do "$1" stanza-upgrade "${@:2}"
	fi
}

# usage: repository_begin_anew NAME OPTION...   A stanza-create that was killed has left half of what it makes, and refuses to go on: where there is
# nothing else, that goes. Status 69 with WHY.
repository_begin_anew() {
	local kind why="$WHY"

	for kind in archive backup; do
		repository_run "$1" repo-ls --recurse "$kind/$STANZA" >"$WORK/left.$1" || return "$UNREACHABLE"
		if grep -v -q '\.info\(\.copy\)\{0,1\}$' "$WORK/left.$1"; then return "$UNREACHABLE"; fi
	done
	for kind in archive backup; do repository_do "$1" repo-rm --recurse "$kind/$STANZA" || { WHY="$why" && return "$UNREACHABLE"; }; done
	repository_do "$1" stanza-create "${@:2}"
}

# usage: repository_canary   Prints the newest commit that is known to be in the archive; nothing where that was never written down.
repository_canary() {
	[[ ! -s "$POSITION" || ! "$(<"$POSITION")" =~ \"canary\"\ :\ \"([^\"]*)\" ]] || printf '%s\n' "${BASH_REMATCH[1]}"
}

# usage: repository_enqueue FILE   Into the queue of each repository, then out of the stream. A link, as the disk is
# the same: a copy would be there in part before it is there.
repository_enqueue() {
	local name queue

	for name in $(repository_names); do
		queue="$ARCHIVE/queue-$name"
		[[ -e "$queue/${1##*/}" ]] || ln -- "$1" "$queue/" 2>/dev/null ||
			{ cp -- "$1" "$queue/.new" && sync -- "$queue/.new" && mv -- "$queue/.new" "$queue/${1##*/}"; } 2>/dev/null || return "$NO_SPACE"
	done
	rm -f -- "$1"
}

# usage: repository_enqueue_all   What pg_receivewal has finished: whole segments, and what says how timelines go on.
repository_enqueue_all() {
	local file

	for file in "$ARCHIVE/stream"/*; do
		[[ "${file##*/}" =~ $SEGMENT || "$file" == *.history ]] || continue
		# Two may be at it.
		repository_enqueue "$file" || [[ ! -e "$file" ]] || return "$NO_SPACE"
		step enqueued
	done
}

# usage: repository_drain NAME   Pushes what waits, in order. Status 69 with WHY at the first that is refused: it stays. A segment
# says whose it is, and pgBackRest looks; a history does not.
repository_drain() {
	local file INFO SYSTEM

	for file in "$ARCHIVE/queue-$1"/*; do
		[[ -e "$file" ]] || continue
		{ [[ "$file" != *.history ]] || repository_require_ours "$1"; } && repository_do "$1" archive-push "$file" || {
			WHY="${file##*/} cannot be pushed to the repository $1 and waits: $WHY"
			return "$UNREACHABLE"
		}
		rm -f -- "$file"
		step pushed
	done
}
