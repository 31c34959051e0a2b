"""The sheet alone, with pgBackRest's and PostgreSQL's own programs, brings everything back."""

from components.backup.recovery_sheet import recovery_sheet
from components.settings.archive import ArchiveSettings, OffsiteSettings
from tests.lib.content import AUTH
from tests.lib.disaster import Disaster
from tests.lib.sandbox import end_processes_below, run_as
from tests.lib.sheet import follow


def test_the_repository_in_the_store_comes_back_with_what_had_not_been_pushed(
    lost: Disaster,
) -> None:
    scripts = lost.pod.scripts
    passphrases = {"local": "passphrase of local", "offsite": ""}
    sheet = recovery_sheet(ArchiveSettings(enabled=True), OffsiteSettings(), passphrases)
    home = follow(sheet, "local", scripts.box, scripts.path, store=scripts.root)
    try:
        command = ["psql", "-h", home, "-U", "postgres", "-Atc", "select max(n) from rows", AUTH]
        done = run_as(scripts.box.identity, command, {"PATH": scripts.path})
        assert done.stdout == f"{lost.last}\n", done.stderr
    finally:
        end_processes_below(home)
