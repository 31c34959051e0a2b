#!/usr/bin/env bash
# For /docker-entrypoint-initdb.d: creates the application's databases and roles, and restores the newest set if there
# is a store that has one. Under prepare-data.sh, which does both itself, it does nothing.

# The official entrypoint runs an executable file and sources any other; its shell is not ours to change.
if [[ "$0" == *docker-ensure-initdb.sh || "$0" == *docker-entrypoint.sh ]]; then
	bash "${BASH_SOURCE[0]}"
	return
fi

# In /docker-entrypoint-initdb.d only this file is mounted.
SCRIPTS="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
[[ -e "$SCRIPTS/lib" ]] || SCRIPTS=/backup-scripts
source "$SCRIPTS/lib/common.bash"
source "$SCRIPTS/lib/psql.bash"
source "$SCRIPTS/lib/json.bash"
source "$SCRIPTS/lib/store.bash"
source "$SCRIPTS/lib/key.bash"
source "$SCRIPTS/lib/set.bash"
source "$SCRIPTS/lib/sets.bash"
source "$SCRIPTS/lib/roles.bash"

usage() {
	cat <<'USAGE'
usage: init-databases.sh

Creates the databases that POSTGRES_DATABASES names (one a line), each with a login role of the same name, gives the
roles their passwords out of ROLE_PASSWORDS_DIR, and restores the newest set where the store BACKUP_ROOT has one.
USAGE
}

main() {
	local names

	[[ "${1:-}" != --help ]] || { usage && exit 0; }
	(($# == 0)) || die "$USAGE" "unknown option '$1'. See: init-databases.sh --help"
	if [[ -n "${BREWGET_PREPARING:-}" ]]; then
		log "databases, roles and a restore from the newest backup are prepare-data.sh's work"
		exit 0
	fi
	begin
	psql_prepare
	# The entrypoint's temporary server listens on the default socket only.
	export PGUSER="${PGUSER:-${POSTGRES_USER:-postgres}}"
	psql_require_server 0
	roles_ensure_databases || die "$UNREACHABLE" "cannot create the databases"
	if [[ -d "$BACKUP_ROOT" ]]; then
		names="$(sets_all)" || die "$UNREACHABLE" "the sets in $BACKUP_ROOT cannot be listed"
		if [[ -n "$names" ]]; then
			log "restoring the newest backup"
			bash "$SCRIPTS/restore.sh" latest >&2
		else
			log "no backup in $BACKUP_ROOT: starting fresh, no restore"
		fi
	fi
	roles_apply_passwords || die "$UNREACHABLE" "cannot set the passwords"
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then run main "$@"; fi
