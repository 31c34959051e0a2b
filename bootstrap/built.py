"""The images that this checkout builds, beside the cluster and under a tag that says of what.

Other sources, or another base, are another image: so the pod is rolled by what names it, and what
is there need not be noted anywhere.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bootstrap import clusters
from bootstrap.clusters import Cluster, Kind
from bootstrap.stack import Stack
from localcluster import images, recipes
from toolchain.errors import SetupError
from toolchain.run import ask

BUILD_SECONDS = 300
"""A build that takes longer must not keep anybody from the database; two minutes are usual.
The next `make up` goes on with the layers that are there."""
BASE = re.compile(r"^ARG BASE=(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Built:
    """An image, and the group of settings that has its name and says whether it is used."""

    group: str
    name: str
    """The image's, without its tag."""
    folder: str
    """Of the checkout, with the Dockerfile."""
    recipe: str
    """localcluster's."""
    is_on_server: bool = False
    """Whether it is built on the server's image, not on one of its own."""
    holds_data: bool = False
    """Whether it has data that nothing else has: once it is on, `make up` never goes on without."""
    price: str = ""
    """What is said as it is switched on."""
    used_by: tuple[str, ...] = ()
    """Keys of others that need the image, whether this is on or not."""

    @property
    def enabled(self) -> str:
        """The key that switches it on."""
        return f"{self.group}.enabled"

    @property
    def image(self) -> str:
        """The key that names it."""
        return f"{self.group}.image"

    def is_ours(self, image: str) -> bool:
        """Whether an image is built here, or none is named."""
        return image.rpartition(":")[0] in ("", self.name)

    def may_replace(self, image: str, older: str) -> bool:
        """Whether an older image does as well for now: not one of another server."""
        return self.is_ours(older) and recipes.base_of(older) == recipes.base_of(image)


CONSOLE = Built("console", images.CONSOLE_NAME, "console", "console")
ARCHIVE = Built(
    "archive",
    images.TOOLS_NAME,
    "scripts/image",
    "tools",
    is_on_server=True,
    holds_data=True,
    price=", and restarts a server that is up, once",
    used_by=("encryption.recipients", "encryption.identity", "encryption.identitySecret"),
)


def name_of(built: Built, stack: Stack) -> str:
    """The image of this checkout's sources."""
    tag = recipes.tag_of(stack.place.root / built.folder, base(built, stack))
    return f"{built.name}:{tag}"


def base(built: Built, stack: Stack) -> str:
    """The server's image where that is the base: what the stack names, or the one by default."""
    if not built.is_on_server:
        return ""
    named = stack.own("postgres.image")
    return images.full_name(named or BASE.findall(_dockerfile(built, stack).read_text())[0])


def _dockerfile(built: Built, stack: Stack) -> Path:
    return stack.place.root / built.folder / "Dockerfile"


def command(built: Built, stack: Stack, cluster: Cluster) -> list[str]:
    """What builds the image, and for a localcluster also loads it."""
    verbs = clusters.command(cluster).split()
    on = base(built, stack)
    if cluster.kind is Kind.LOCALCLUSTER:
        return [*verbs, "image", "make", built.recipe, *(["--base", on] if on else [])]
    folder = f".tools/build/{built.recipe}" if on else built.folder
    return [*verbs, "image", "build", "--tag", name_of(built, stack), folder]


def ensure(built: Built, stack: Stack, cluster: Cluster, say: Callable[[str], None]) -> str:
    """The name of the image of these very sources, which the cluster has; SetupError where not."""
    image = name_of(built, stack)
    if is_there(stack, cluster, image):
        return image
    say(f"building the {built.group}'s image (two minutes, once)")
    build = command(built, stack, cluster)
    if cluster.kind is Kind.MINIKUBE and built.is_on_server:
        _lay_out(built, stack)
    clusters.run(build, stack.place, stack.environment, seconds=BUILD_SECONDS)
    # minikube ends well whatever became of the build (kubernetes/minikube#16576).
    if not is_there(stack, cluster, image):
        raise SetupError(f"`{' '.join(build)}` has made no image, see above")
    return image


def _lay_out(built: Built, stack: Stack) -> None:
    """A copy of the folder that names the base.

    minikube has a word for arguments of a build which not all of its runtimes take
    (kubernetes/minikube#12384).
    """
    copy = stack.place.tools / "build" / built.recipe
    shutil.rmtree(copy, ignore_errors=True)  # of the build before, or none
    shutil.copytree(stack.place.root / built.folder, copy, symlinks=True)
    text = _dockerfile(built, stack).read_text()
    (copy / "Dockerfile").write_text(BASE.sub(f"ARG BASE={base(built, stack)}", text, count=1))


def is_there(stack: Stack, cluster: Cluster, image: str) -> bool:
    """Whether the cluster has an image."""
    listing = [*clusters.command(cluster).split(), "image", "ls"]
    asked = ask(listing, cwd=stack.place.root, env=stack.environment)
    return asked.returncode == 0 and image in asked.stdout.split()
