"""Odd things in a store never block, shift or condemn: they are listed as what they are."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY
from tests.lib.scripts import Scripts
from tests.lib.store import Listing, Store, change_manifest, describe
from tests.lib.toolbox import shim

FUTURE = "backup_20991231_000000"


def plant(store: Store, own: Callable[[Path], Path]) -> dict[str, str]:
    """Put odd things beside the golden set, older and newer; return what each is to be called."""
    (golden,) = store.names()

    def folder(name: str, *files: str) -> Path:
        made = store.root / name
        made.mkdir(parents=True)
        for file in files:
            (made / file).write_text("-- a person's")
        return own(made)

    def copy(name: str, **changes: object) -> Path:
        return own(store.copy_set(golden, name, **changes))

    # What the scripts of the beginning wrote, with a link to it that is not ours.
    seed = ("postgres.sql", "brewget_auth.sql", "brewget_settings.sql")
    folder("backup_20241029_120000", *seed)
    folder("backup_20991231_000001", *seed)
    copy("backup_20241029_130000", store="another")
    copy("backup_20991231_000002", store="another")
    copy("backup_20241029_140000", version=4)
    (copy("backup_20241029_150000") / "manifest.json").write_text("{")
    change_manifest(copy("backup_20991231_000003"), set=golden)  # renamed by hand
    folder("backup_20241029_160000", "manifest.json").chmod(0)  # as where it is root's
    (copy("backup_20241029_170000") / "manifest.json").chmod(0)
    copy("backup_20241029_180000", started="yesterday")
    folder("failed/backup_20991231_000004", "mine")
    (store.root / "backup_20991231_000005").symlink_to(golden)
    (store.root / "backup_20991399_999999").mkdir()
    (store.root / "backup_20991231_000006").write_text("a file")
    return {
        "backup_20241029_120000": "foreign",
        "backup_20241029_130000": "foreign",
        "backup_20241029_140000": "newer",
        "backup_20241029_150000": "damaged",
        "backup_20241029_160000": "unreadable",
        "backup_20241029_170000": "unreadable",
        "backup_20241029_180000": "published",
        golden: "published",
        "backup_20991231_000001": "foreign",
        "backup_20991231_000002": "foreign",
        "backup_20991231_000003": "foreign",
        "backup_20991399_999999": "foreign",
        "backup_20991231_000004": "foreign",
    }


def listed(scripts: Scripts) -> dict[str, dict[str, object]]:
    """What list.sh --json says, by the set's name."""
    return {x["set"]: x for x in json.loads(scripts.run("list", "--json").expect(0).stdout)}


def untouched(store: Store, names: list[str]) -> Listing:
    """What lies there now, as the tests' user sees it."""
    tops = [store.root / name for name in (*names, *(f"failed/{x}" for x in names))]
    paths = [x for top in tops if top.exists() for x in (top, *top.rglob("*"))]
    return {str(x.relative_to(store.root)): describe(x) for x in paths}


@pytest.mark.usefixtures("filled")
def test_a_store_full_of_odd_things_works_as_one_without(
    target: Server, both: Scripts, kept: Store
) -> None:
    (golden,) = kept.names()
    wanted = plant(kept, both.box.identity.own)
    odd = [x for x, state in wanted.items() if state not in {"published", "unreadable"}]
    before = untouched(kept, odd)

    seen = listed(both)
    assert {name: x["state"] for name, x in seen.items()} == wanted
    assert isinstance(seen["backup_20241029_180000"]["age_seconds"], int), "by its name"
    keeping = both.with_(BACKUP_KEEP=1)
    name = keeping.backup()

    today = datetime.now(UTC).strftime("backup_%Y%m%d")
    assert name.startswith(today), "no foreign name shifts ours"
    assert kept.link("latest") == name
    assert (kept.root / golden).is_dir()
    assert not (kept.root / "backup_20241029_180000").exists(), "retention went on"
    both.verify("--pending").expect(0)
    assert kept.link("latest-verified") == name
    both.with_(server=target).run("restore", "latest", "--dry-run").expect(0)
    assert both.run("pin", "latest").expect(0).stdout == f"{name} pinned\n"
    assert listed(both)[name]["pinned"] is True
    table = both.run("list").expect(0)
    assert re.search(r"backup_20241029_140000 .* newer: its format version 4", table.stdout)
    assert re.search(r"backup_20241029_160000 .* unreadable: user", table.stdout)
    assert table.stderr == ""
    assert status(both)["state"] == "good"
    assert untouched(kept, odd) == before


def status(scripts: Scripts) -> dict[str, object]:
    """status-postgres.sh on what list.sh says, with the rest of the cluster well."""
    answers = scripts.box.directory("kubectl")
    (answers / "exec").write_text(scripts.run("list", "--json").expect(0).stdout)
    (answers / "cronjobs").write_text("postgres-backup false x\npostgres-backup-verify false x\n")
    (answers / "jobs").write_text("")
    said = 'for word; do [[ ! -f "${0%%/*}/%s" || "$word" != %s ]] || exec cat "${0%%/*}/%s"; done'
    off = 'Error from server (NotFound): deployments.apps "postgres-console" not found'
    body = f"[[ \" $* \" != *postgres-console* ]] || {{ echo '{off}' >&2; exit 1; }}\n"
    body += "\n".join(said % (x, x, x) for x in ("exec", "cronjobs", "jobs"))
    shim(answers, "kubectl", body)
    done = subprocess.run(
        ["bash", REPOSITORY / "scripts/status-postgres.sh", "--json"],
        env={"PATH": f"{answers}:/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.usefixtures("filled")
def test_latest_is_the_newest_that_can_be_read_and_never_an_older_one_in_silence(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    (golden,) = kept.names()
    newer = scripts.box.identity.own(kept.copy_set(golden, FUTURE, version=4))
    restorer = scripts.with_(server=target)

    done = restorer.run("restore", "latest", "--dry-run").expect(0)
    assert golden in done.stdout + done.stderr
    assert f"{FUTURE} does not count: its format version 4 is newer" in done.stderr
    (newer / "manifest.json").write_text("{")
    done = restorer.run("restore", "latest", "--dry-run").expect(65)
    assert FUTURE in done.stderr
    assert kept.link("latest") == golden
    newer.chmod(0)
    assert FUTURE in restorer.run("restore", "latest", "--dry-run").expect(69).stderr
    scripts.run("pin", "latest").expect(65, 69)
    assert target.databases() == ["postgres"]
    newer.chmod(0o755)
    scripts.verify("latest").expect(65)
    assert kept.failed() == [FUTURE]
    assert golden in restorer.run("restore", "latest", "--dry-run").expect(0).stdout


@pytest.mark.usefixtures("filled")
def test_the_way_back_from_names_of_the_future_is_the_one_that_is_written_down(
    both: Scripts, kept: Store
) -> None:
    """A clock was a year ahead for a day: the page's own lines bring the names back to today."""
    (golden,) = kept.names()
    kept.rename_set(golden, FUTURE)
    both.box.identity.own(kept.copy_set(FUTURE, "backup_20991230_000000"))
    (kept.root / "failed").mkdir(exist_ok=True)
    kept.copy_set(FUTURE, "backup_20991231_000001").rename(
        kept.root / "failed" / "backup_20991231_000001"
    )
    both.box.identity.own(kept.root)
    done = both.run("backup").expect(0)
    assert done.stdout.startswith("backup_20991231_00000")
    assert "Names from the future" in done.stderr
    page = (REPOSITORY / "docs" / "backups.md").read_text()
    section = page.split("## Names from the future\n")[1].split("\n## ")[0]
    (lines,) = re.findall(r"bash -c '\n?(.*?)'\n", section, re.DOTALL)

    both.functions("list", lines.replace("/backup/", f"{kept.root}/")).expect(0)

    name = both.backup()
    assert name.startswith(datetime.now(UTC).strftime("backup_%Y%m%d"))
    assert kept.link("latest") == name
    moved = sorted(x.name for x in (kept.root / "future").iterdir())
    assert moved == ["backup_20991230_000000", FUTURE, *moved[2:]]
    assert len(moved) == 4, "nothing is lost, the failed one and the last are there, too"


def test_a_store_that_has_only_what_is_not_its_own_flags_no_set(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    """What the scripts of the beginning left there is no set that was not accepted."""
    seed = store.root / "backup_20241029_120000"
    seed.mkdir()
    (seed / "brewget_auth.sql").write_text("-- a person's")

    name = scripts.backup()

    assert store.manifest(name)["flagged"] is None
