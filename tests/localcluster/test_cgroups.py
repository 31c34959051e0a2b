"""cgroup v2, as far as this kernel lets a hierarchy be mounted: with the controllers that are free.

Where the machine has bound the others to cgroup v1, hugetlb is left, whose files show all that is
asked here: who hands out what, and where the processes are.
"""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcluster import cgroups
from tests.localcluster.handle import REPOSITORY

NODE = """
set -e
mount -t cgroup2 cgroup2 "$1"
cd "$1"
"$2" -c "import sys; from pathlib import Path; from localcluster.cgroups import delegate
delegate(Path(sys.argv[1]))" "$1"
mkdir kubepods
cat /proc/self/cgroup cgroup.subtree_control
ls kubepods
"""

CONTAINER = """
set -e
mount -t cgroup2 cgroup2 "$1"
sleep 1000 >&- 2>&- &
"$2" -c "import sys; from pathlib import Path; from localcluster import cgroups
cgroups.REQUIRED = ['hugetlb']
try: cgroups.create('node', Path(sys.argv[1]))
except Exception as error: print(error)" "$1"
cd "$1"
echo "is in $(cat /proc/$!/cgroup), hands out $(cat cgroup.subtree_control)."
kill $!
! test -d node || ls node
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """The hierarchy of this kernel's cgroup v2, of which a test has but one group."""
    root = tmp_path / "cgroup"
    root.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", root], check=True)
    # What is handed out stays so: other tests may be at work with it at the same time.
    yield root
    subprocess.run(["umount", root], check=True)


@pytest.fixture
def group(root: Path) -> Iterator[str]:
    """The name of a node's group, with which goes whatever is in it."""
    name = f"lctest-{uuid.uuid4().hex[:8]}"
    yield name
    cgroups.remove(name, root)


def _run(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=REPOSITORY, env=_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def test_a_node_hands_out_its_controllers_and_is_in_a_group_below(
    root: Path, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "REQUIRED", ["hugetlb"])
    (tmp_path / "seen").mkdir()
    cgroups.create(group, root)

    # The outer of the two processes that --fork makes cannot be seen, nor moved, by the inner one.
    inside = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", NODE, "sh"]
    inside += [str(tmp_path / "seen"), sys.executable]
    said = _run(cgroups.joining(group, inside, root)).splitlines()

    assert f"0::/{cgroups.INIT}" in said, "the node's group is the root of what it sees"
    assert "hugetlb" in said
    assert "hugetlb.2MB.max" in said, "pods have controllers"
    with subprocess.Popen(["sleep", "1000"]) as left:
        (root / group / "kubepods" / "cgroup.procs").write_text(str(left.pid))
        cgroups.remove(group, root)
        assert left.wait(timeout=5) == -signal.SIGKILL
    assert not (root / group).exists()


def test_a_containers_processes_make_way_for_the_node(
    root: Path, group: str, tmp_path: Path
) -> None:
    said = _in_container(root, group, tmp_path)

    assert f"0::/{cgroups.INIT}, hands out hugetlb.\n" in said
    assert "hugetlb.2MB.max" in said


def test_processes_that_cannot_be_seen_are_named(root: Path, group: str, tmp_path: Path) -> None:
    """As in a container that shares the machine's cgroups, but not its processes."""
    said = _in_container(root, group, tmp_path, "--pid", "--fork", "--mount-proc")

    assert "it has processes that cannot be seen from here" in said
    assert said.endswith("0::/, hands out .\n"), "nothing is made"


def _in_container(root: Path, group: str, tmp_path: Path, *more: str) -> str:
    """A group that has the controllers, with processes in it, as a container's root."""
    (tmp_path / "seen").mkdir()
    (root / group).mkdir()
    (root / "cgroup.subtree_control").write_text("+hugetlb")
    join = ["sh", "-c", cgroups.JOIN, "sh", str(root / group / "cgroup.procs"), "--"]
    inside = ["unshare", "--cgroup", "--mount", *more, "sh", "-c", CONTAINER]
    return _run([*join, *inside, "sh", str(tmp_path / "seen"), sys.executable])


def test_what_is_missing_is_refused_by_name(root: Path, tmp_path: Path) -> None:
    # This machine has the usual ones bound to v1, so that they are not v2's.
    (lacking,) = cgroups.problems(root)
    assert lacking.startswith(f"{root} lacks the cgroup controllers cpu, cpuset, memory, pids: let")

    shut = tmp_path / "shut"
    shut.mkdir()
    subprocess.run(["mount", "--bind", "-o", "ro", root, shut], check=True)
    try:
        (refused,) = cgroups.problems(shut)
    finally:
        subprocess.run(["umount", shut], check=True)
    assert refused.startswith(f"the cgroups in {shut} are not this container's to change")

    (nothing,) = cgroups.problems(tmp_path / "nothing")
    assert nothing.startswith("no cgroups are mounted below")
