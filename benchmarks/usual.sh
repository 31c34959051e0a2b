#!/usr/bin/env bash
# The script one finds everywhere: each database through gzip, the newest ten kept by time stamp.
# It is here to be compared with, and has the faults that traps are made of: a failed pg_dump is masked by
# the pipe, an unfinished dump stands under its final name, and bad dumps rotate the good ones out.
# usage: usual.sh DIRECTORY DATABASE...   (PG* variables say where the server is)
directory="$1"
shift
target="$directory/backup_$(date +%Y%m%d_%H%M%S)"
mkdir -p "$target"
for database in "$@"; do
	pg_dump "$database" | gzip >"$target/$database.sql.gz"
done
# shellcheck disable=SC2012 # the usual way, kept as it is found
ls -td "$directory"/backup_* | tail -n +11 | xargs -r rm -rf
