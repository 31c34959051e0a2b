"""The image stands in for the official one: what the stack relies on is true of it."""

from collections.abc import Iterator

import pytest

from localcluster import recipes
from tests.localcluster.handle import Handle, pod

VOLUMES = ("scratch", "initdb", "socket")
PATHS = ("/scratch", "/docker-entrypoint-initdb.d", "/var/run/postgresql")

SAVE_LOSE_RESTORE = r"""
set -e
id -u
cd /scratch
initdb -U postgres data >/dev/null 2>&1
cat >conf <<END
[global]
repo1-path=/scratch/repo
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=secret
repo1-retention-full=1
compress-type=zst
process-max=2
start-fast=y
log-level-console=warn
log-level-file=off
lock-path=/scratch/lock
[main]
pg1-path=/scratch/data
pg1-socket-path=/scratch
pg1-user=postgres
END
cat >>data/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '/scratch'
archive_mode = on
archive_command = 'pgbackrest --config=/scratch/conf --stanza=main archive-push %p'
END
query() { psql -qAth /scratch -U postgres -c "$1"; }
saver() { pgbackrest --config=/scratch/conf --stanza=main "$@"; }
pg_ctl -D data -w -l log start >/dev/null
query 'CREATE TABLE t AS SELECT 7 AS v'
saver stanza-create
saver backup --type=full
query 'INSERT INTO t VALUES (8)'
pg_ctl -D data stop >/dev/null
rm -rf data
saver restore
pg_ctl -D data -w -l log start >/dev/null
until [ "$(query 'SELECT pg_is_in_recovery()')" = f ]; do sleep 0.1; done
query 'SELECT sum(v) FROM t'
pg_ctl -D data stop >/dev/null
"""


@pytest.fixture(scope="module")
def shells(started: "object") -> Iterator[Handle]:
    """A pod with two containers of the image, one root's and one of uid 70, sharing volumes."""
    cluster: Handle = started.cluster  # type: ignore[attr-defined]
    cluster.run("start")
    mounts = [{"name": name, "mountPath": path} for name, path in zip(VOLUMES, PATHS, strict=True)]
    made = pod("image", container={"volumeMounts": mounts})
    first = made["spec"]["containers"][0]
    user = {"runAsUser": 70, "runAsGroup": 70}
    made["spec"]["containers"].append({**first, "name": "user", "securityContext": user})
    made["spec"]["volumes"] = [{"name": name, "emptyDir": {}} for name in VOLUMES]
    cluster.apply(made)
    cluster.wait_ready("image")
    cluster.execute("image", "chmod 1777 /scratch /docker-entrypoint-initdb.d")
    yield cluster
    cluster.kubectl("delete", "pod/image", "--now")


def _run(shells: Handle, script: str, *, status: int = 0, container: str = "user") -> str:
    """In a clean data directory, with no init files."""
    stop = "pg_ctl -D /scratch/data -m immediate stop >/dev/null 2>&1"
    shells.execute("image", stop, "-c", "user", status=None)
    shells.execute("image", "rm -rf /docker-entrypoint-initdb.d/* /scratch/*")
    script = f"export PGDATA=/scratch/data\n{script}"
    return shells.execute("image", script, "-c", container, status=status)


def test_the_environment_is_the_official_ones(shells: Handle) -> None:
    said = _run(shells, "id -u; id -g; echo $PG_MAJOR $LANG; postgres --version; cat /etc/passwd")

    assert said.splitlines()[:3] == ["70", "70", "16 C.UTF-8"]
    assert "PostgreSQL) 16.15" in said
    assert "postgres:x:70:70:" in said


def test_the_userland_is_busybox_and_has_no_tool_that_alpine_lacks(shells: Handle) -> None:
    said = _run(
        shells,
        "for name in sh ls cp mv date sort tar gzip find awk sed grep stat; do"
        ' [[ $(readlink -f "$(command -v $name)") == */busybox ]] || echo "$name is not busybox";'
        " done; for name in openssl curl jq python3 perl xz-utils lz4 gpg apt dpkg rpm; do"
        ' ! command -v $name || echo "there is $name"; done;'
        " ls --time-style=full-iso / 2>&1 | head -n 1;"
        # What cannot be read: the libc's words for it are musl's.
        " cat /proc/self/mem 2>&1; bash -c 'read -r _ </proc/self/mem' 2>&1;"
        " command -v bash zstd flock",
    )

    assert "is not busybox" not in said
    assert said.count("I/O error") == 2
    assert "there is" not in said
    assert "unrecognized option" in said
    assert [line.rpartition("/")[2] for line in said.splitlines()[-3:]] == ["bash", "zstd", "flock"]


def test_ensure_initdb_makes_a_cluster_as_told_and_starts_no_server(shells: Handle) -> None:
    said = _run(
        shells,
        "printf '%s' $'p\\'w $x/+\\u00e9' >/scratch/password; printf brew >/scratch/user\n"
        "export POSTGRES_PASSWORD_FILE=/scratch/password POSTGRES_USER_FILE=/scratch/user\n"
        "export POSTGRES_DB=app POSTGRES_INITDB_ARGS='--data-checksums --encoding=UTF8'\n"
        "docker-ensure-initdb.sh postgres >/scratch/said 2>&1 || { cat /scratch/said; exit 1; }\n"
        # pg_ctl has waited for the server's file to go; its process may need a moment more.
        "for _ in {1..10}; do pgrep -x postgres || break; sleep 1; done\n"
        "pgrep -x postgres && echo left-running\n"
        "tail -n 1 $PGDATA/pg_hba.conf; pg_controldata | grep checksum\n"
        "docker-ensure-initdb.sh postgres; echo ensure $?\n"
        "docker-enforce-initdb.sh; echo enforce $?\n"
        "pg_ctl -w start -l /scratch/log >/dev/null\n"
        'PGPASSWORD="$(cat /scratch/password)" psql -h 127.0.0.1 -U brew app -Atc '
        "\"SELECT current_user, current_setting('listen_addresses'), datcollate FROM pg_database"
        ' WHERE datname = current_database()"\n'
        # The loopback is trusted, as in the official image; the network is not.
        "PGPASSWORD=wrong psql -h $(hostname -i) -U brew app -Atc 'SELECT 1' 2>&1 | tail -n 1\n"
        "psql -h /var/run/postgresql -U brew app -Atc 'SELECT 2'\n"
        "psql -U brew app -Atc 'SELECT 3'\n"
        "pg_ctl -w stop >/dev/null",
    )

    assert "left-running" not in said
    assert "host all all all scram-sha-256" in said
    assert "Data page checksum version:           1" in said
    assert "ensure 0" in said
    assert "enforce 1" in said
    assert "brew|*|C.UTF-8" in said
    assert "password authentication failed" in said
    assert "\n2\n3\n" in said


def test_init_files_run_once_in_order_each_in_its_way(shells: Handle) -> None:
    said = _run(
        shells,
        "export POSTGRES_PASSWORD=x\n"
        "cd /docker-entrypoint-initdb.d\n"
        "echo 'CREATE TABLE t (v text)' >10.sql\n"
        "echo \"INSERT INTO t VALUES ('gz')\" | gzip >20.sql.gz\n"
        "echo \"INSERT INTO t VALUES ('zst')\" | zstd -q >30.sql.zst\n"
        "cat >40.sh <<'END'\n#!/bin/bash\n"
        "psql -v ON_ERROR_STOP=1 -U $POSTGRES_USER -c \"INSERT INTO t VALUES ('executed')\"\nEND\n"
        "chmod +x 40.sh\n"
        "cat >50.sh <<'END'\n"
        'psql -U "$POSTGRES_USER" -c "INSERT INTO t VALUES (\'sourced\')"\nEND\n'
        "echo no >60.txt\n"
        "docker-ensure-initdb.sh >/scratch/said 2>&1 || { cat /scratch/said; exit 1; }\n"
        "grep ignoring /scratch/said; pg_ctl -w start -l /scratch/log >/dev/null\n"
        "psql -U postgres -Atc 'SELECT v FROM t'; pg_ctl -w stop >/dev/null",
    )

    assert said.splitlines()[0].endswith("60.txt")
    assert said.splitlines()[1:] == ["gz", "zst", "executed", "sourced"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("10.sh", "false\n"),
        ("10.sql", "SELECT no_such_function();\n"),
    ],
)
def test_a_failing_init_file_fails_the_start(shells: Handle, file: str, content: str) -> None:
    said = _run(
        shells,
        f"printf {content!r} >/docker-entrypoint-initdb.d/{file}\n"
        "printf 'touch /scratch/went-on\\n' >/docker-entrypoint-initdb.d/20.sh\n"
        "POSTGRES_PASSWORD=x docker-ensure-initdb.sh postgres >/scratch/said 2>&1; echo $?\n"
        "ls /scratch; PGDATA=/scratch/data pg_ctl -m immediate stop >/dev/null",
    )

    assert int(said.splitlines()[0]) != 0
    assert "went-on" not in said


def test_without_a_password_nothing_is_made(shells: Handle) -> None:
    said = _run(shells, "docker-entrypoint.sh postgres", status=1)
    assert "POSTGRES_PASSWORD is not set" in said
    both = "export POSTGRES_PASSWORD=a POSTGRES_PASSWORD_FILE=/etc/passwd\n"
    assert "exclude each other" in _run(shells, f"{both}docker-entrypoint.sh postgres", status=1)


def test_root_is_left_and_the_server_stops_on_the_stop_signal(shells: Handle) -> None:
    said = _run(
        shells,
        "export POSTGRES_PASSWORD=x\n"
        "docker-entrypoint.sh -c log_connections=on >/scratch/said 2>&1 & pid=$!\n"
        "until pg_isready -q -h 127.0.0.1; do sleep 0.1; kill -0 $pid || break; done\n"
        "awk '/^Uid/ {print $2}' /proc/$pid/status; tr '\\0' ' ' </proc/$pid/cmdline; echo\n"
        "stat -c %a:%u $PGDATA; kill -INT $pid; wait $pid; echo $?\n",
        container="main",
    )

    assert said.splitlines() == ["70", "postgres -c log_connections=on ", "700:70", "0"]


def test_a_command_that_is_not_the_server_is_simply_run(shells: Handle) -> None:
    assert _run(shells, "docker-entrypoint.sh echo hello; ls /scratch") == "hello\n"
    assert "16.15" in _run(shells, "docker-entrypoint.sh postgres --version; ls /scratch")


def test_extensions_of_the_official_image_can_be_created(shells: Handle) -> None:
    said = _run(
        shells,
        "POSTGRES_PASSWORD=x docker-ensure-initdb.sh >/dev/null 2>&1; pg_ctl -w start >/dev/null\n"
        "for name in pgcrypto hstore citext pg_trgm pg_stat_statements postgres_fdw dblink ltree"
        " uuid-ossp xml2 amcheck pgstattuple; do"
        ' psql -U postgres -qc "CREATE EXTENSION \\"$name\\""; done\n'
        "psql -U postgres -Atc \"SELECT encrypt('a', '0123456789abcdef', 'aes') IS NOT NULL\"\n"
        "psql -U postgres -Atc \"SELECT now() AT TIME ZONE 'Europe/Zurich' IS NOT NULL\"\n"
        "pg_dump -U postgres --compress=zstd -Fc | wc -c; pg_ctl -w stop >/dev/null",
    )

    assert "ERROR" not in said
    assert said.splitlines()[-3:-1] == ["t", "t"]


def test_the_tools_image_saves_and_brings_back_as_its_own_user_with_a_read_only_root(
    shells: Handle,
) -> None:
    """Made of the stand-in, so that it starts what it has brought back."""
    shells.run("image", "make", "tools")
    container = {
        "image": recipes.WANTED["tools"].tag,
        "securityContext": {"readOnlyRootFilesystem": True, "runAsNonRoot": True},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    }
    made = pod("tools", container=container)
    made["spec"]["volumes"] = [{"name": "scratch", "emptyDir": {}}]
    shells.apply(made)
    shells.wait_ready("tools")
    said = shells.execute("tools", SAVE_LOSE_RESTORE)
    shells.kubectl("delete", "pod/tools", "--now")

    assert said.splitlines() == ["70", "15"], "of the backup, and of the archive after it"
