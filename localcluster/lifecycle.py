"""The verbs that change a cluster: start, stop, power-off, delete."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from localcluster import addons, binary, images, launcher, preflight, processes, recipes
from localcluster.api import Api
from localcluster.layout import Layout
from localcluster.network import node_ip
from localcluster.status import State, Status, inspect
from toolchain import files
from toolchain.errors import SetupError
from toolchain.locking import exclusive

READY_PATIENCE = 90.0
STOP_PATIENCE = 40.0

Say = Callable[[str], None]


@contextmanager
def alone(layout: Layout, say: Say) -> Iterator[None]:
    """One command at a time changes a cluster."""
    # Beside the home, which `delete` removes.
    with exclusive(layout.home.with_name(f".{layout.profile}.lock"), say, timeout=120):
        yield


def start(layout: Layout, mount: str | None, say: Say) -> None:
    """Brings the cluster up, from whatever state it is in."""
    preflight.check()
    wanted = [parse_mount(mount)] if mount else None
    with alone(layout, say):
        found = inspect(layout)
        if found.state is State.RUNNING:
            _refuse_other_mounts(found, wanted)
            say(f"{layout.profile} runs already, {found.node_ip}")
            return
        _bring_up(layout, found, wanted, say)


def _bring_up(layout: Layout, found: Status, wanted: list[dict[str, str]] | None, say: Say) -> None:
    if found.state is State.BROKEN:
        say(f"{layout.profile} was left half dead: {found.why}. It is cleaned up and started")
    if found.pid is not None:
        launcher.kill(layout)
    launcher.clean(layout)
    _build(say)
    mounts = found.mounts if wanted is None else wanted
    for each in mounts:
        _ensure_source(Path(each["host"]), say)
    began = datetime.now(UTC)
    say("starting the node")
    subnet = launcher.launch(layout, binary.NODE, mounts)
    images.load_all(layout)
    _wait_until_ready(layout, Api(node_ip(subnet), layout.pki), began)
    layout.complete.touch()
    say(f"{layout.profile} is Ready after {(datetime.now(UTC) - began).total_seconds():.1f} s")


def _build(say: Say) -> None:
    say("checking the node's binary (built from source when missing: five to ten minutes, once)")
    if binary.build_node():
        say("built the node's binary")
    for tag in recipes.build_missing():
        say(f"built the image {tag}")


def parse_mount(text: str) -> dict[str, str]:
    """`HOST:GUEST`, as minikube's --mount-string."""
    host, colon, guest = text.rpartition(":")
    source, target = Path(host).expanduser(), Path(guest)
    if not (colon and host and target.is_absolute()):
        raise SetupError(f"{text!r} is not HOST:GUEST with an absolute path in the node")
    system = ("usr", "etc", "proc", "sys", "dev", "run", "opt", "bin", "sbin", "lib", "lib64")
    if len(target.parts) < 2 or ".." in target.parts or target.parts[1] in system:  # noqa: PLR2004
        raise SetupError(f"{guest} is the node's own: mount below /mnt, /data or /srv instead")
    return {"host": str(source.absolute()), "guest": str(target)}


def _ensure_source(source: Path, say: Say) -> None:
    if source.exists() and not source.is_dir():
        raise SetupError(f"{source} is to be mounted into the node, but it is not a directory")
    if not source.exists():
        source.mkdir(parents=True)
        say(f"made the directory {source}")


def _refuse_other_mounts(found: Status, wanted: list[dict[str, str]] | None) -> None:
    if wanted is None or wanted == found.mounts:
        return
    has = ", ".join(f"{each['host']}:{each['guest']}" for each in found.mounts) or "no host mount"
    raise SetupError(
        f"{found.profile} runs with {has}. A running node cannot get another mount: stop it with "
        f"`python -m localcluster --profile {found.profile} stop`, then start it so"
    )


def _wait_until_ready(layout: Layout, api: Api, began: datetime) -> None:
    deadline = time.monotonic() + READY_PATIENCE
    _wait(layout, api.is_ready, "the API server to be ready", deadline)
    addons.apply_all(api)
    _wait(layout, lambda: _node_is_ready(api, layout.profile, began), "the node Ready", deadline)
    # Made by a controller; a pod that comes before it is refused.
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    _wait(layout, lambda: api.get(account) is not None, "the default service account", deadline)


def _wait(layout: Layout, is_done: Callable[[], bool], what: str, deadline: float) -> None:
    identity = files.read_json(layout.process) or {}
    while not is_done():
        if not processes.is_alive(identity):
            raise SetupError(f"the node ended while starting:\n{launcher.log_end(layout)}")
        if time.monotonic() > deadline:
            raise SetupError(
                f"waited {READY_PATIENCE:.0f} s for {what}, which did not come. "
                f"See `python -m localcluster --profile {layout.profile} logs`:\n"
                f"{launcher.log_end(layout)}"
            )
        time.sleep(0.1)


def _node_is_ready(api: Api, name: str, began: datetime) -> bool:
    """Ready, as said after this start: before that the API server repeats what was true once."""
    node = api.get(f"/api/v1/nodes/{name}")
    for condition in (node or {}).get("status", {}).get("conditions", []):
        if condition["type"] == "Ready" and condition["status"] == "True":
            said = datetime.fromisoformat(condition["lastHeartbeatTime"])
            return said >= began.replace(microsecond=0)
    return False


def stop(layout: Layout, say: Say) -> None:
    """Ends the node; what it keeps is kept. The control plane in order, pods without a warning."""
    with alone(layout, say):
        _require(layout)
        identity = files.read_json(layout.process)
        if identity and not processes.end(identity, signal.SIGTERM, STOP_PATIENCE):
            say(f"the node did not stop within {STOP_PATIENCE:.0f} s: it is killed")
        launcher.kill(layout)
        say(f"{layout.profile} is stopped")


def power_off(layout: Layout, say: Say) -> None:
    """The power cut: nobody in the node gets a word in."""
    with alone(layout, say):
        _require(layout)
        launcher.kill(layout)
        say(f"{layout.profile} lost its power")


def delete(layout: Layout, say: Say) -> None:
    """Removes everything of the cluster; what was mounted from the machine is the machine's."""
    with alone(layout, say):
        if not layout.home.exists():
            say(f"there is no cluster {layout.profile}")
            return
        launcher.kill(layout)
        _refuse_mounts_below(layout.home)
        shutil.rmtree(layout.home)
        say(f"{layout.profile} is deleted")


def _require(layout: Layout) -> None:
    if not layout.home.exists():
        raise SetupError(
            f"there is no cluster {layout.profile}: "
            f"`python -m localcluster --profile {layout.profile} start` makes one"
        )


def _refuse_mounts_below(home: Path) -> None:
    """The node's mounts cannot be seen from here; any other holds what is not ours to remove."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        target = Path(line.split()[4])
        if target.is_relative_to(home):
            raise SetupError(
                f"{target} is mounted, so nothing was deleted: umount it, then delete again"
            )
