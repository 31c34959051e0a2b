"""The sheets alone, with the own programs of pgBackRest, age and PostgreSQL, bring everything back."""

import json
import re

from pydantic import SecretStr

from components.backup.encryption_sheet import encryption_sheet
from components.backup.recovery_sheet import recovery_sheet
from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.encryption import EncryptionSettings
from tests.lib.content import AUTH, fill
from tests.lib.disaster import Disaster
from tests.lib.encrypted import Encrypted
from tests.lib.postgres import Server
from tests.lib.sandbox import end_processes_below, run_as
from tests.lib.scripts import Scripts
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


def test_an_encrypted_set_comes_back_with_the_identity_of_the_sheet(
    source: Server, scripts: Scripts
) -> None:
    fill(source)
    made = Encrypted.of(scripts.with_(server=source))
    name = made.writing(made.opened()).backup()
    sheet = encryption_sheet(
        EncryptionSettings(recipients=(made.key.public,), identity=SecretStr(made.key.private))
    )
    (identity,) = re.findall(r"`identity.txt`:\n\n```\n(.*?)```", sheet, re.DOTALL)
    (commands,) = re.findall(r"```bash\n(.*?)```", sheet, re.DOTALL)
    home = made.box.directory("sheet")
    (home / "identity.txt").write_text(identity)
    made.box.identity.own(home)

    typed = f"cd {home}; SET={scripts.root / name}; {commands}"
    done = run_as(made.box.identity, ["bash", "-euc", typed], {"PATH": made.scripts.path})

    assert done.returncode == 0, done.stderr
    contents = json.loads((home / "contents.json").read_text())
    first = contents["databases"][0]
    assert first["name"] == AUTH
    for table in first["tables"]:
        assert f" TABLE DATA {table['schema']} {table['name']} " in done.stdout
    assert f"{made.key.public}\n" in sheet
    assert f"pulumi config set --path 'encryption.recipients[0]' {made.key.public}\n" in sheet
