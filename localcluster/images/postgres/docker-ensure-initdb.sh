#!/usr/bin/env bash
# Makes the data directory as docker-entrypoint.sh would, and starts no server.
# Called as docker-enforce-initdb.sh it fails where there is one already.
#
# usage: docker-ensure-initdb.sh [postgres] [SERVER-OPTION...]
set -Eeuo pipefail
shopt -s inherit_errexit

# shellcheck source=SCRIPTDIR/docker-entrypoint.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/docker-entrypoint.sh"

ensure() {
	if [[ "${1:-}" == postgres ]]; then
		shift
	fi
	read_settings
	make_directories
	leave_root "${BASH_SOURCE[0]}" "$@"
	if ! is_initialised; then
		initialise "$@"
		return
	fi
	say "${0##*/}: the database in $PGDATA is initialised already"
	[[ "${0##*/}" != docker-enforce-initdb.sh ]]
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then ensure "$@"; fi
