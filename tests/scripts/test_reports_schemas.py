"""Schemas that people reported as those that do not come back. Rows first: nothing of this condemns a set."""

import json
from typing import Any

import pytest

from tests.lib.choice import some
from tests.lib.content import create, password_of
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.reports import APP, FOLDER, Report, Right, census, plain_restore, reports
from tests.lib.scripts import Done, Scripts
from tests.lib.store import Store

STATUS = {Right.WHOLE: 0, Right.LEFT_OUT: 0, Right.DIFFERS: 0, Right.NOT_HERE: 78}
"""How a restore ends."""

ALL = pytest.mark.parametrize(
    "report", some(reports()), ids=lambda x: f"{x.path.parent.name}/{x.path.stem}"
)
STARTED = pytest.mark.parametrize(
    "name",
    some(
        [
            "objects/trigger-when-distinct",
            "objects/column-by-a-locale-that-is-gone",
            "objects/time-zone-that-is-gone",
            "rows/check-reads-other-table",
            "rows/check-that-refuses-now",
            "rows/regproc-of-two-functions",
            "views/one-that-reads-another",
            "paths/path-of-the-role",
        ]
    ),
)


def fill(source: Server, report: Report) -> None:
    """Make the reported schema."""
    create(source, APP)
    source.sql(report.text, APP)


def is_one_of(found: dict[str, str], named: list[tuple[str, str]]) -> bool:
    """Whether somebody expects this to be left out."""
    return any(name in found["name"] and why in found["why"] for name, why in named)


def assert_named(report: Report, left_out: list[dict[str, str]]) -> None:
    """All that is left out has its name and its reason, and nothing else has."""
    for name, why in report.named:
        assert any(is_one_of(x, [(name, why)]) for x in left_out), f"{name}: {why}: {left_out}"
    for found in left_out:
        assert is_one_of(found, report.named), f"{found} besides {report.named}"
        assert found["database"] == ("" if found["kind"] == "role" else APP)
        assert found["kind"]


def assert_said(report: Report, done: Done) -> None:
    """The log names what is missing."""
    for name, _ in report.named:
        assert name in done.stderr, done.said
    for key in ("differs", "why"):
        for text in report.head(key):
            assert text in done.stderr, done.said


def listed(scripts: Scripts) -> dict[str, Any]:
    """What the list says of the only set."""
    (found,) = json.loads(scripts.run("list", "--json").expect(0).stdout)
    described: dict[str, Any] = found
    return described


def assert_real(report: Report, source: Server, target: Server) -> None:
    """PostgreSQL's own way refuses what the report says that it refuses."""
    if not report.head("plain"):
        return
    said = plain_restore(source, target)
    for sentence in report.head("plain"):
        assert sentence in said
    target.reset()


def assert_verified(report: Report, scripts: Scripts, store: Store) -> None:
    """The verification finds rows equal, and names what is not."""
    (name,) = store.names()
    done = scripts.verify(name).expect(
        78 if report.right is Right.DIFFERS else STATUS[report.right]
    )
    assert store.failed() == []
    assert store.names() == [name]
    assert_said(report, done)
    found = listed(scripts)
    assert found["verified"] is (done.returncode == 0)
    assert_named(report, found["left_out"])
    if done.returncode == 0:
        verdict = json.loads((store.root / name / "verified.json").read_text())
        assert verdict["left_out"] == found["left_out"]
        assert found["unverified"] is None
    else:
        note = json.loads((store.root / name / "unverified.json").read_text())
        assert note["why"] == found["unverified"]
        for text in (*report.head("why"), *report.head("differs")):
            assert text in note["why"]


@pytest.mark.trap(43)
@pytest.mark.trap(44)
@ALL
def test_all_rows_come_back_and_what_does_not_is_named(
    report: Report, source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    """By a verification, and by a restore. One test for both: the set is the same."""
    fill(source, report)
    assert_real(report, source, target)
    name = scripts.backup()
    assert_verified(report, scripts, store)
    there = scripts.with_(server=target)
    whole = report.right is Right.WHOLE

    strict = there.run("restore", name, "--strict").expect(0 if whole else 78)
    if not whole:
        # Settings of a database are applied by the swap: what is missing then is no refusal yet.
        for refused, why in report.named:
            assert refused in strict.stderr or why.startswith("the server here")
        assert target.databases() == ["postgres"], "refused before the swap"
        done = there.run("restore", name).expect(STATUS[report.right])
        assert_said(report, done)

    if report.right is Right.NOT_HERE:
        assert target.databases() == ["postgres"]
        return
    assert census(target, "r") == census(source, "r")
    if whole:
        assert census(target, "rm") == census(source, "rm")
        if not report.head("numbers"):
            assert target.dump_all() == source.dump_all()


@STARTED
def test_a_start_after_a_lost_disk_goes_by_the_same_rule(
    name: str, source: Server, scripts: Scripts, store: Store, binaries: Any
) -> None:
    report = Report(FOLDER / f"{name}.sql")
    fill(source, report)
    before, taken = census(source, "r"), scripts.backup()
    pod = Pod.make(scripts, binaries)
    pod.databases, pod.passwords = (APP,), {APP: password_of(APP), "postgres": "of the Secret"}

    done = pod.prepare().expect(STATUS[report.right])

    assert store.failed() == []
    assert store.names() == [taken]
    assert_said(report, done)
    if report.right is Right.NOT_HERE:
        assert not pod.data.exists()
        return
    with pod.running() as server:
        assert census(server, "r") == before
