"""Pulumi's command line and plugins: found, downloaded, or built from Go modules."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from semver import VersionInfo

from bootstrap.place import Place
from toolchain import files, gobuild
from toolchain.errors import SetupError
from toolchain.gobuild import MODULES as GO
from toolchain.run import ask, run
from toolchain.stamps import Stamp

VERSION = "3.259.0"
# Since this one a hook that fails stops the operation: the last backup before a delete is a hook.
OLDEST = (3, 238)
REFUSED_AFTER = 10
"""Seconds without an answer from the official download after which it counts as out of reach."""

NO_LOG = """\
Pulumi would write the whole debug log of each of its commands here, were this a folder: a quarter
of a command's time, and soon half a gigabyte. To have a log: pulumi --logtostderr -v=9 ...
"""

VERSION_FLAG = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"


@dataclass(frozen=True)
class Plugin:
    """A resource plugin at the version of its Python package."""

    name: str
    version: str

    @property
    def installed(self) -> str:
        """Below PULUMI_HOME."""
        return f"plugins/resource-{self.name}-v{self.version}/pulumi-resource-{self.name}"


PLUGINS = [Plugin("command", "1.2.1"), Plugin("kubernetes", "4.25.0")]


def usable_on_path(place: Place) -> Path | None:
    """A pulumi that somebody installed, if it is new enough."""
    outside = [entry for entry in os.get_exec_path() if Path(entry).absolute() != place.bin]
    found = shutil.which("pulumi", path=os.pathsep.join(outside))
    if found is None:
        return None
    return Path(found) if is_new_enough(ask([found, "version"]).stdout) else None


def is_new_enough(version: str) -> bool:
    """Whether what `pulumi version` printed is a version that the program runs on."""
    numbers = re.match(r"v(\d+)\.(\d+)\.", version.strip())
    return numbers is not None and tuple(map(int, numbers.groups())) >= OLDEST


def download(place: Place) -> bool:
    """Lets Pulumi's Automation API install the official one; False where that cannot be had."""
    from pulumi.automation import PulumiCommand  # noqa: PLC0415 (a second, and rarely needed)

    aside = place.tools / f".pulumi.{os.getpid()}.new"
    before = socket.getdefaulttimeout()
    try:
        # It has no limit of its own: a network that drops everything would hold us for minutes.
        socket.setdefaulttimeout(REFUSED_AFTER)
        PulumiCommand.install(root=str(aside), version=VersionInfo.parse(VERSION))
        place.bin.mkdir(parents=True, exist_ok=True)
        # `pulumi` itself last: it is what says that the others are there too.
        for path in sorted((aside / "bin").iterdir(), key=lambda path: path.name == "pulumi"):
            path.replace(place.bin / path.name)
    except (OSError, subprocess.SubprocessError):
        return False
    finally:
        socket.setdefaulttimeout(before)
        shutil.rmtree(aside, ignore_errors=True)
    return True


def build(place: Place, report: gobuild.Report) -> bool:
    """Builds the command line and its Python language host; True if one had to be built."""
    is_new = gobuild.build(
        GO / "language-python",
        "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
        place.bin / "pulumi-language-python",
        ldflags="-s -w",
        report=report,
    )
    is_new |= gobuild.build(
        GO / "pulumi",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        place.bin / "pulumi",
        ldflags=f"-s -w {VERSION_FLAG}",
        tags="osusergo,grpcnotrace",
        report=report,
    )
    helper = place.bin / "pulumi-language-python-exec"
    if is_new or not helper.is_file():
        _copy_helper(helper)
    return is_new


def _copy_helper(target: Path) -> None:
    """The script in which the language host runs the program, of the newer SDK."""
    found = run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"],
        cwd=GO / "pulumi",
        env=gobuild.environment(),
    )
    with files.replacing(target) as aside:
        shutil.copyfile(Path(found.strip(), "python/cmd", target.name), aside)
        aside.chmod(0o755)


def keep_no_log(place: Place) -> None:
    """Lets a file stand where Pulumi would put its logs: it has no setting for that."""
    logs = place.pulumi_home / "logs"
    if logs.is_dir():
        shutil.rmtree(logs, ignore_errors=True)
    if not logs.exists():
        files.write(logs, NO_LOG)


def is_built(place: Place) -> bool:
    """Whether the pulumi in `.tools` was built here (and then its plugins were, too)."""
    return gobuild.stamp_of(place.bin / "pulumi").text() != ""


def has_own_plugins(place: Place) -> bool:
    """Whether a plugin was built here, which says that none can be downloaded."""
    return any(_installed_stamp(place, plugin).text() for plugin in PLUGINS)


def download_plugins(place: Place, environment: dict[str, str]) -> bool:
    """Installs the official plugins; False where they cannot be had."""
    return all(
        (place.pulumi_home / plugin.installed).is_file()
        or _run_install(plugin, [], environment).returncode == 0
        for plugin in PLUGINS
    )


def build_plugins(
    place: Place, environment: dict[str, str], report: Callable[[str, gobuild.Progress], None]
) -> bool:
    """Builds the plugins and installs them; True if there was something to do."""
    is_new = False
    for plugin in PLUGINS:
        built = place.tools / "plugins" / f"pulumi-resource-{plugin.name}"
        gobuild.build(
            GO / f"provider-{plugin.name}",
            ".",
            built,
            ldflags="-s -w",
            report=partial(report, plugin.name),
        )
        is_new |= _install(place, plugin, built, environment)
    return is_new


def _install(place: Place, plugin: Plugin, built: Path, environment: dict[str, str]) -> bool:
    """Puts a built plugin where Pulumi looks; the stamp is written last."""
    stamp = _installed_stamp(place, plugin)
    wanted = gobuild.stamp_of(built).text()
    is_there = (place.pulumi_home / plugin.installed).is_file()
    if is_there and stamp.is_current(wanted):
        return False
    stamp.clear()
    done = _run_install(plugin, ["--file", str(built), "--reinstall"], environment)
    if done.returncode != 0:
        raise SetupError(f"pulumi did not accept the plugin {plugin.name}: {done.stderr.strip()}")
    stamp.set(wanted)
    return True


def _installed_stamp(place: Place, plugin: Plugin) -> Stamp:
    return Stamp(place.tools / "plugins" / f".installed-{plugin.name}")


def _run_install(
    plugin: Plugin, options: list[str], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    install = ["pulumi", "plugin", "install", "resource", plugin.name, plugin.version]
    return ask([*install, *options], env=environment)
