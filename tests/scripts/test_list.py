"""list.sh: what a person and a program see of the store."""

import json

import pytest

from tests.lib.scripts import Scripts
from tests.lib.store import Store

pytestmark = pytest.mark.usefixtures("filled")


def test_the_table_shows_age_size_reason_verified_and_pinned(both: Scripts, kept: Store) -> None:
    (golden,) = kept.names()
    pinned = both.backup("--reason", "before 2.0", "--pin")
    before = kept.snapshot()

    done = both.run("list").expect(0)

    lines = {name: x for x in done.stdout.splitlines() for name in kept.names() if name in x}
    assert set(lines) == {golden, pinned}
    assert "before 2.0" in lines[pinned]
    assert "golden" in lines[golden]
    assert kept.snapshot() == before


def test_json_says_the_same_to_a_program(both: Scripts, kept: Store) -> None:
    (golden,) = kept.names()
    pinned = both.backup("--reason", 'a "reason"', "--pin")

    sets = json.loads(both.run("list", "--json").expect(0).stdout)

    found = {x["set"]: x for x in (sets["sets"] if isinstance(sets, dict) else sets)}
    assert set(found) == {golden, pinned}
    assert found[pinned]["reason"] == 'a "reason"'
    assert (found[golden]["pinned"], found[pinned]["pinned"]) == (False, True)
    assert bool(found[golden]["verified"]) is True
    assert bool(found[pinned]["verified"]) is False
    assert all(x["bytes"] > 0 for x in found.values())


def test_an_empty_store_lists_nothing(both: Scripts, store: Store) -> None:
    both.run("list").expect(0)

    found = json.loads(both.run("list", "--json").expect(0).stdout)

    assert not (found["sets"] if isinstance(found, dict) else found)
    assert store.names() == []


def test_a_damaged_set_does_not_hide_the_others(both: Scripts, kept: Store) -> None:
    (golden,) = kept.names()
    kept.copy_set(golden, "backup_20200101_000000")
    (kept.root / "backup_20200101_000000" / "manifest.json").write_text("{")

    done = both.run("list").expect(0)

    assert golden in done.stdout
    assert "backup_20200101_000000" in done.stdout + done.stderr, (
        "and is not passed over in silence"
    )


@pytest.mark.trap(14)
def test_a_verdict_for_other_bytes_is_not_shown_as_verified(scripts: Scripts, kept: Store) -> None:
    (golden,) = kept.names()
    sums = kept.root / golden / "SHA256SUMS"
    sums.write_text("".join(reversed(sums.read_text().splitlines(keepends=True))))

    found = json.loads(scripts.run("list", "--json").expect(0).stdout)

    (only,) = found["sets"] if isinstance(found, dict) else found
    assert not only["verified"]


def test_a_set_that_is_removed_while_it_is_listed_is_passed_over(
    both: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    text = (
        'sets_directories() { [[ "${1:-}" == failed ]] || printf "%s\\n" backup_20200101_000000 '
        f"{name}; }}\nfacts | grep ^set"
    )

    done = both.functions("list", text).expect(0)

    assert done.stdout == f"set\t{name}\t1\n"
    assert "20200101" not in done.stderr


def test_what_was_left_out_is_told_by_its_four_keys_alone(both: Scripts, kept: Store) -> None:
    (name,) = kept.names()
    path = kept.root / name / "verified.json"
    wanted = {"database": "one", "kind": "index", "name": 'public."i"', "why": "refused"}
    other = {"secret": "x", "deeper": {"why": "x"}}
    left_out = [{**wanted, **other}, {"why": "\u00e9", "x.y": 1}, other]
    path.write_text(json.dumps({**json.loads(path.read_text()), "left_out": left_out}))

    (found,) = json.loads(both.run("list", "--json").expect(0).stdout)

    assert found["left_out"] == [wanted, {"why": "\u00e9"}]
