"""Properties of retention: nothing that the rules protect is ever removed."""

import shutil

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.lib.fakesets import Fake, name_at, write
from tests.lib.scripts import Scripts
from tests.lib.store import Store

KINDS = {
    "good": {},
    "verified": {"verified": True},
    "pinned": {"pinned": True},
    "pinned and verified": {"pinned": True, "verified": True},
    "pinned afterwards": {"verified": True, "word": "pinned"},
    "pinned, then not": {"pinned": True, "verified": True, "word": "not pinned"},
    "pinned by a word that cannot be read": {"verified": True, "word": "broken"},
    "shrunk": {"flagged": True},
    "shrunk and verified": {"flagged": True, "verified": True},
    "accepted": {"accepted": True},
    "accepted and verified": {"accepted": True, "verified": True},
    "bad": {"broken": True},
    "bad with a verdict": {"broken": True, "verified": True},
}

histories = st.lists(st.sampled_from(sorted(KINDS)), max_size=14)


def sets_of(kinds: list[str]) -> list[Fake]:
    """Return one set a kind, oldest first, 30 hours apart."""
    return [Fake(name_at(30 * number), **KINDS[kind]) for number, kind in enumerate(kinds)]


def is_pinned(fake: Fake) -> bool:
    """The later word wins; only a clear no takes a pin away."""
    return fake.pinned if not fake.word else fake.word != "not pinned"


def protected(sets: list[Fake], keep: int) -> set[str]:
    """Return what must stay, by the words of design section 5."""
    ours = [x for x in sets if not x.broken]
    verified = [x for x in ours if x.verified]
    stays = {x.name for x in verified[-keep:]} | {x.name for x in ours if is_pinned(x)}
    stays |= {x.name for x in sets if x.broken}  # not readable as ours: foreign, never touched
    last = verified[-1].name if verified else ""
    stays |= {x.name for x in ours if x.name > last}
    flags = [x.name for x in ours if x.flagged]
    accepted = [x.name for x in ours if x.accepted]
    if flags and flags[-1] > max(accepted, default=""):
        return {x.name for x in sets}  # the brake
    return stays


def retain(bare: Scripts, sets: list[Fake], keep: int) -> set[str]:
    """Run the real retention over these sets, and return which are left."""
    for entry in bare.root.iterdir():
        if entry.name.startswith("backup_"):
            shutil.rmtree(entry)
    store = Store(bare.root)
    for fake in sets:
        write(bare.root, store.identity(), fake)
    lines = (
        'store_require; store_lock; sets_retain "$(sets_list)"; sets_refresh_links "$(sets_list)"'
    )
    bare.with_(BACKUP_KEEP=keep).functions("list", lines).expect(0)
    return {x.name for x in bare.root.glob("backup_*")}


@pytest.mark.trap(4)
@pytest.mark.trap(5)
@pytest.mark.trap(41)
@given(kinds=histories, keep=st.integers(1, 4))
@example(kinds=["verified"] * 3 + ["bad"] * 8, keep=2)
@example(kinds=["verified", "good", "good", "good"], keep=1)
@example(kinds=["verified", "verified", "shrunk and verified", "verified", "verified"], keep=1)
@example(kinds=["verified", "shrunk and verified", "accepted and verified"], keep=1)
@example(kinds=["good"] * 6, keep=1)
@example(
    kinds=[
        "pinned afterwards",
        "pinned, then not",
        "pinned by a word that cannot be read",
        "verified",
        "verified",
    ],
    keep=1,
)
@settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_retention_removes_all_that_may_go_and_nothing_that_is_protected(
    bare: Scripts, kinds: list[str], keep: int
) -> None:
    bare.run("init-store").expect(0)
    sets = sets_of(kinds)

    left = retain(bare, sets, keep)

    assert protected(sets, keep) <= left, "a protected set is gone"
    assert left == protected(sets, keep), "a set that may go was kept"
    store = Store(bare.root)
    verified = [x.name for x in sets if x.verified and not x.broken]
    assert store.link("latest-verified") == (verified[-1] if verified else None)


@given(kinds=histories, keep=st.integers(1, 3), daily=st.integers(0, 4), monthly=st.integers(0, 3))
@settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_tiers_only_ever_keep_more(
    bare: Scripts, kinds: list[str], keep: int, daily: int, monthly: int
) -> None:
    bare.run("init-store").expect(0)
    sets = sets_of(kinds)
    tiered = bare.with_(BACKUP_KEEP_DAILY=daily, BACKUP_KEEP_MONTHLY=monthly)

    left = retain(tiered, sets, keep)

    assert protected(sets, keep) <= left
    days = sorted({x.name[:15] for x in sets if x.verified and not x.broken})[-daily:]
    for day in days if daily else []:
        newest = max(x.name for x in sets if x.verified and not x.broken and x.name[:15] == day)
        assert newest in left, f"the newest verified set of {day} is gone"


def test_retention_twice_is_retention_once(bare: Scripts) -> None:
    bare.run("init-store").expect(0)
    sets = sets_of(["verified", "good", "pinned", "verified", "bad", "verified", "good"])

    once = retain(bare, sets, 1)
    again = retain(bare, [x for x in sets if x.name in once], 1)

    assert again == once
