"""Where the backups of a stack on minikube lie: on this machine, unless BACKUP_DIR=none.

Asked before anything is started or made. A cluster that does not see this machine's store would
come up empty beside it.
"""

import shlex
from pathlib import Path

from bootstrap import minikube
from bootstrap.minikube import Profile
from bootstrap.place import NONE, Place
from toolchain.errors import SetupError

MOUNT = "/mnt/data/brewget-postgres-backups"
"""Where the node sees BACKUP_DIR: the default of the setting backup.storage.path."""
STORE = ".store.json"
"""What a directory has that is a store."""


GOES = "everything in the cluster goes, sets that lie in it as well: copy these first"
WITHOUT = (
    f"To go on without a mount: `BACKUP_DIR={NONE} make up`; then the backups are in the cluster "
    "alone and go when it is deleted"
)


def words(place: Place) -> list[str]:
    """What `start` is told."""
    if place.backup_dir is None:
        return []
    return ["--mount", f"--mount-string={place.backup_dir}:{MOUNT}"]


def require(place: Place, profile: Profile, *, is_running: bool) -> None:
    """Ends where the profile has another mount than is wanted, and can get no other."""
    wanted = f"{place.backup_dir}:{MOUNT}"
    if place.backup_dir is None or wanted in profile.mounts:
        return
    if profile.keeps_its_mount:
        raise SetupError(_other_mount(place, profile))
    if is_running:
        raise SetupError(
            f"the cluster '{profile.name}' ({profile.driver}) runs with "
            f"{_described(profile)}, not with {place.backup_dir} for the backups. "
            f"Nothing was changed. To start it so: `{_command(profile)} stop`, then "
            f"`make up`. {WITHOUT}"
        )


def require_store_seen(place: Place, profile_name: str, environment: dict[str, str]) -> None:
    """Ends where BACKUP_DIR holds a store that the running node does not see."""
    if place.backup_dir is None or not holds_store(place.backup_dir):
        return
    if minikube.sees(profile_name, f"{MOUNT}/{STORE}", environment):
        return
    raise SetupError(
        f"{place.backup_dir} holds a store of backups, but the node of '{profile_name}' does not "
        f"see it at {MOUNT}: the server would come up empty beside it. The stack was not touched. "
        f"To have it mounted: `{' '.join(minikube.command(profile_name))} delete` ({GOES}), then "
        f"`make up`, which brings back what is in {place.backup_dir}. {WITHOUT}"
    )


def holds_store(directory: Path) -> bool:
    """Whether a directory is a store; a closed one is: it was given to the server's user."""
    return is_seen(directory / STORE) is not False


def is_seen(path: Path) -> bool | None:
    """Whether there is something; None where this user may not look."""
    try:
        path.stat()
    except PermissionError:
        return None
    except OSError:
        return False
    return True


def _other_mount(place: Place, profile: Profile) -> str:
    there = _source(profile)
    stay = f"To go on with what is there: `BACKUP_DIR={shlex.quote(there)} make up`. "
    return (
        f"the cluster '{profile.name}' was made with {_described(profile)}, not with "
        f"{place.backup_dir} for the backups, and {profile.driver} changes no mount afterwards. "
        f"Nothing was changed. {stay if there else ''}To have it mounted: "
        f"`{_command(profile)} delete` ({GOES}), then `make up`. "
        f"{WITHOUT}"
    )


def _source(profile: Profile) -> str:
    """What of this machine the node has for the backups; empty where nothing."""
    found = [mount for mount in profile.mounts if mount.endswith(f":{MOUNT}")]
    return found[0].removesuffix(f":{MOUNT}") if found else ""


def _described(profile: Profile) -> str:
    if not profile.mounts:
        return "no mount"
    return "the mount " + ", ".join(profile.mounts)


def _command(profile: Profile) -> str:
    return " ".join(minikube.command(profile.name))
