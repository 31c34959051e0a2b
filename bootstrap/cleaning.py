"""`make clean`: what can be made again goes, data stays."""

import shutil
from collections.abc import Callable

from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children
from bootstrap.place import Place
from toolchain.run import ask


def clean(place: Place, say: Callable[[str], object]) -> bool:
    """Stopped clusters first: they are deleted with their own tool, which is removed afterwards.

    False where a cluster still runs; then nothing else is removed.
    """
    kept = [name for name in profiles(place) if not _delete(place, name, say)]
    if kept:
        say(f"left alone, as still up: {', '.join(kept)}. `make stop` first, then run this again")
        return False
    for path in (place.tools, place.venv):
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)
        say(f"removed {path}")
    backups = f"backups in {place.backup_dir}; " if place.backup_dir else ""
    say(f"kept: {backups}the stack and its passphrase in {place.state}")
    return True


def profiles(place: Place) -> list[str]:
    """The local clusters of this checkout, running or not."""
    homes = place.state / "localcluster"
    return sorted(path.name for path in homes.iterdir() if path.is_dir()) if homes.is_dir() else []


def _delete(place: Place, profile: str, say: Callable[[str], object]) -> bool:
    environment = for_children(place, Cluster(Kind.LOCALCLUSTER, profile))
    command = ["python", "-m", "localcluster", "--profile", profile]

    def ends_well(verb: str) -> bool:
        return ask([*command, verb], cwd=place.root, env=environment).returncode == 0

    if ends_well("status"):
        return False
    if not ends_well("delete"):
        say(f"could not delete it: python -m localcluster --profile {profile} delete")
        return False
    say(f"deleted the stopped cluster {profile}; what lay in its own disks is gone with it")
    return True
