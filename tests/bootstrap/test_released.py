"""Programs that are fetched: whole and with their published sum, or the file of before stays."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lib.answering import answering
from toolchain import minikube, released
from toolchain.errors import SetupError

PROGRAM = b"#!/bin/sh\necho official\n"
SUM = hashlib.sha256(PROGRAM).hexdigest()
FILES = {
    "/good": PROGRAM,
    "/good.sha256": f"{SUM}  good\n".encode(),
    "/cut": PROGRAM[:-5],
    "/cut.sha256": SUM.encode(),
    "/page": b"<html>sign in</html>",
    "/page.sha256": b"\xff\xfe<html>",
}


@pytest.fixture(name="address")
def _address() -> Iterator[str]:
    def answer(path: str) -> tuple[int, bytes]:
        content = FILES.get(path)
        return (200 if content else 404), content or b""

    with answering(answer) as address:
        yield address


def test_a_program_with_its_sum_is_put_into_place(address: str, tmp_path: Path) -> None:
    target = tmp_path / "bin/program"
    assert not released.is_there(f"{address}/good", target)
    assert released.fetch(f"{address}/good", target)
    assert target.read_bytes() == PROGRAM
    assert target.stat().st_mode & 0o777 == 0o755
    assert released.is_there(f"{address}/good", target)
    assert not released.is_there(f"{address}/newer", target), "another version is another address"


@pytest.mark.parametrize("name", ["cut", "page", "missing"])
def test_whatever_is_not_whole_is_not_had(address: str, tmp_path: Path, name: str) -> None:
    """One with another sum than the published one is no matter of being offline: it is said."""
    target = tmp_path / "program"
    released.fetch(f"{address}/good", target)
    if name == "cut":
        with pytest.raises(SetupError, match=f"not what its makers published: .*theirs {SUM}"):
            released.fetch(f"{address}/{name}", target)
    else:
        assert not released.fetch(f"{address}/{name}", target)
    assert target.read_bytes() == PROGRAM
    assert released.is_there(f"{address}/good", target)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".program.fetched", "program"]


def test_minikube_is_the_official_one_where_that_is_to_be_had(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"/minikube-{'-'.join(released.machine())}"
    monkeypatch.setitem(FILES, name, PROGRAM)
    monkeypatch.setitem(FILES, f"{name}.sha256", SUM.encode())
    monkeypatch.setattr(minikube, "RELEASES", address)
    said: list[object] = []

    assert minikube.ensure(tmp_path, said.append) == f"official {minikube.VERSION}"
    assert minikube.program(tmp_path).read_bytes() == PROGRAM
    assert minikube.ensure(tmp_path, said.append) == "already there"
    assert said == []
