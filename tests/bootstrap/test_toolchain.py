"""What bootstrap and localcluster share: files that are whole or absent, stamps, locks."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.place import ROOT
from toolchain import files
from toolchain.errors import SetupError
from toolchain.locking import exclusive
from toolchain.stamps import Stamp, digest


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file"
    files.write(path, "one", mode=0o640)
    assert path.stat().st_mode & 0o777 == 0o640

    def cut_short() -> None:
        with files.replacing(path) as aside:
            aside.write_text("half")
            assert path.read_text() == "one"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    assert path.read_text() == "one"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_secret_is_readable_by_its_owner_alone_from_its_first_byte(tmp_path: Path) -> None:
    files.write(tmp_path / "secret", "word")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_read_as_an_object_is_none(tmp_path: Path) -> None:
    for text in ('{"half', "[1]", ""):
        (tmp_path / "file").write_text(text)
        assert files.read_json(tmp_path / "file") is None
    assert files.read_json(tmp_path / "absent") is None


def test_a_stamp_is_current_for_the_very_same_inputs_only(tmp_path: Path) -> None:
    source, stamp = tmp_path / "source", Stamp(tmp_path / "stamp")
    source.write_text("one")
    made_from = digest(["v1"], [("source", source)])
    assert not stamp.is_current(made_from)

    stamp.set(made_from)
    assert stamp.is_current(digest(["v1"], [("source", source)]))
    assert not stamp.is_current(digest(["v2"], [("source", source)]))
    assert not stamp.is_current(digest(["v1"], [("renamed", source)]))
    source.write_text("two")
    assert not stamp.is_current(digest(["v1"], [("source", source)]))
    stamp.clear()
    assert stamp.text() == ""


def test_a_lock_that_is_not_let_go_is_given_up_by_name(tmp_path: Path) -> None:
    path, said = tmp_path / "lock", list[str]()
    with path.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting = exclusive(path, said.append, timeout=0.2)
        with pytest.raises(SetupError, match=f"waited 0 s for the lock on {path}"), waiting:
            pass
    assert len(said) == 1
    with exclusive(path, said.append, timeout=0.2):
        pass
    assert len(said) == 1, "nobody holds it any more"


def test_what_runs_before_the_venv_needs_the_standard_library_alone() -> None:
    """-S: without site-packages, as under a new machine's Python."""
    code = "import sys; sys.path.insert(0, '.'); import bootstrap.__main__"
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
