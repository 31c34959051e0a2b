# What status-postgres.sh finds out by itself where no console answers: by what list.sh says, the schedules, and whether the archiver writes.
[[ "${BASH_SOURCE[0]}" != "$0" ]] || { echo "${0##*/} is a library and does nothing by itself. See: scripts/README.md" >&2 && exit 64; }

# usage: limited_why   By ERRORS: the first error, or what stands before kubectl's last line, which only has a status.
limited_why() {
	local why

	why="$(sed -n '/^error: /{s///p;q;}' "$ERRORS")"
	[[ -n "$why" ]] || why="$(grep -v -E '^(Defaulted container|command terminated) ' "$ERRORS" | grep . | tail -n 1)" || true # it may be silent
	why="$(LC_ALL=C tr -d '[:cntrl:]' <<<"$why")"
	case "$why" in
	'the console '*) printf '%s\n' "$why" ;;
	*) printf 'the console does not answer: %s\n' "${why:-kubectl does not say why}" ;;
	esac
}

# usage: limited_sets   By SETS.
limited_sets() {
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
	limited_failed "${verified:-}"
	limited_left_out "${verified:-}"
	unverified="$(words unverified <<<"$line")"
	[[ -z "$unverified" ]] || problem "$WARNING" "$name stays, not verified: $unverified"
	[[ "$(field flagged <<<"$line")" == null ]] || problem "$WARNING" "$name has lost data: $(words flagged <<<"$line")"
}

# usage: limited_failed VERIFIED   A set that did not verify, with none verified since.
limited_failed() {
	local line failed verified why

	line="$(set_aside | tail -n 1)"
	failed="$(field set <<<"$line")"
	verified="$(field set <<<"$1")"
	why="$(words why <<<"$line")"
	[[ -z "$failed" || "$failed" < "$verified" ]] || problem "$CRITICAL" "$failed did not verify and was set aside${why:+: $why}"
}

# usage: limited_left_out VERIFIED   What did not come back of a set whose rows did: as kind and name.
limited_left_out() {
	local count text

	read -r count text < <(grep -oE '"kind": "([^"\]|\\.)*", "name": "([^"\]|\\.)*"' <<<"$1" |
		sed -E 's/"kind": "(.*)", "name": "(.*)"/\1 \2/; s/\\(["\\])/\1/g' |
		awk 'NR <= 3 { text = text (NR > 1 ? ", " : "") $0 } END { print NR, text (NR > 3 ? " and more" : "") }')
	if ((count == 0)); then
		# Of an encrypted set there is the number alone.
		count="$(field left_out_count <<<"$1")"
		count="${count:-0}"
		text="names are in the log of the verification and in findings.age"
	fi
	((count == 0)) || problem "$WARNING" "all rows of $(field set <<<"$1") came back, $count object$( ((count == 1)) || echo s) did not: $text"
}

# usage: limited_archive   Whether the archiver writes, and its slot.
limited_archive() {
	local answer

	ARCHIVE='{"limited": true}'
	# shellcheck disable=SC2016 # the pod's shell, not this one
	answer="$(ask exec "$POD" -c postgres -- bash -c 'cd "$BACKUP_ROOT/archive" && find position.json -mmin -5 -exec cat {} +' 2>"$ERRORS")" || answer=""
	# shellcheck disable=SC2153 # the program's
	case "$answer" in
	'') problem "$WARNING" "the archive was not written within five minutes: kubectl logs $POD -c $ARCHIVER -n $NAMESPACE" ;;
	*'"slot" : "reserved"'* | *'"slot" : "extended"'*) ;;
	*) problem "$WARNING" "the archive's replication slot is lost, or about to be: kubectl logs $POD -c $ARCHIVER -n $NAMESPACE" ;;
	esac
}

# usage: limited_schedules   By CRONJOBS, as read_schedules leaves them.
limited_schedules() {
	local name suspended last

	[[ -n "$CRONJOBS" ]] || return 0 # read_schedules has said so
	for name in postgres-backup postgres-backup-verify; do
		if ! grep -q "^$name " <<<"$CRONJOBS"; then problem "$WARNING" "there is no CronJob $name"; fi
	done
	while read -r name suspended last; do
		[[ "$suspended" != true ]] || problem "$WARNING" "the CronJob $name is suspended (last run: ${last:-never})"
	done <<<"$CRONJOBS"
	limited_jobs
}

# usage: limited_jobs   The last Job of each schedule that ended.
limited_jobs() {
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
