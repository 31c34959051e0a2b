#!/usr/bin/env bash
# Connects to a server that others run and asks check.sql (QUESTIONS) of it: the command of a pod of its own, which mounts no scripts.
# What was said is the log, and the pod's termination message. Status: 0; 69 it lets nobody in; 78 it cannot be saved.

# No function is called that somebody has made there.
export PGPASSWORD PGCONNECT_TIMEOUT=10 PGOPTIONS='-c search_path=pg_catalog'
PGPASSWORD="$(cat "$PGPASSWORD_FILE")"
ask() {
	PGDATABASE="$1" psql -XqAtw -v ON_ERROR_STOP=1 -v "wanted=$BACKUP_DATABASES" \
		-v "sslmode=$PGSSLMODE" -v "now=$(date +%s)" <<<"$QUESTIONS" 2>&1
}
for database in postgres template1; do
	for _ in 1 2 3 4 5 6; do
		status=0
		said="$(ask "$database")" || status=69
		case "$said" in
		*'Connection refused'* | *'could not translate'* | *timeout* | *'starting up'*) sleep "${PAUSE:-5}" ;;
		*) break ;;
		esac
	done
	case "$said" in
	*'does not exist'* | *'not currently accepting connections'*) ;;
	*) break ;;
	esac
done
# A server may warn of something at each login.
! grep -q '^refused ' <<<"$said" || status=78
printf '%s\n' "$said"
# The kubelet keeps 4096 bytes of it.
printf %s "${said:0:4000}" >"${TERMINATION_LOG:-/dev/termination-log}"
exit "$status"
