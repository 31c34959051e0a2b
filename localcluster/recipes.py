"""The images that this repository makes itself, rebuilt only when what goes into them changed."""

import dataclasses
import functools
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from localcluster import binary, console_image, debian, images, postgres_image
from localcluster.layout import REPOSITORY, TOOLS
from toolchain import stamps, userland
from toolchain.locking import exclusive
from toolchain.stamps import Stamp

FOLDER = Path(__file__).resolve().parent / "images"


@dataclass(frozen=True)
class Recipe:
    """An image: its Dockerfile's folder, and what is laid beside the Dockerfile for the build."""

    tag: str
    folder: Path
    inputs: tuple[Path, ...]
    """Files that decide on the content beside the folder's own."""
    stage: Callable[[Path], None]
    archives: Path = images.ARCHIVES
    arguments: Mapping[str, str] = field(default_factory=dict)
    """Of the build, by their names in the Dockerfile."""

    @property
    def archive(self) -> Path:
        """Where the image is kept."""
        return images.archive_of(self.tag, self.archives)


def _stage_pause(context: Path) -> None:
    shutil.copy2(binary.PAUSE, context / "pause")


PAUSE = Recipe(images.PAUSE, FOLDER / "pause", (binary.PAUSE,), _stage_pause)
POSTGRES = Recipe(
    images.POSTGRES,
    FOLDER / "postgres",
    (Path(postgres_image.__file__), Path(debian.__file__), Path(userland.__file__)),
    postgres_image.stage,
)


def later_postgres(version: str) -> Recipe:
    """The stand-in for a newer major version, which only an upgrade asks for."""
    return dataclasses.replace(
        POSTGRES,
        tag=f"{images.POSTGRES_NAME}:{version}",
        stage=functools.partial(postgres_image.stage, version=version),
        archives=images.OPTIONAL,
        arguments=postgres_image.arguments(version),
    )


ALL = (PAUSE, POSTGRES)
CONSOLE = Recipe(
    images.CONSOLE,
    REPOSITORY / "console",
    (
        Path(console_image.__file__),
        Path(debian.__file__),
        console_image.FOLDER / "Dockerfile",
    ),
    console_image.stage,
    images.OPTIONAL,
    {"BASE": images.PYTHON},
)
WANTED = {
    "console": CONSOLE,
    "postgres-17": later_postgres("17.11"),
    "postgres-18": later_postgres("18.6"),
}
"""Built and loaded only where somebody asks for them by these names."""


def build_missing() -> list[str]:
    """Builds what is missing or out of date and returns the tags of what was built."""
    return [recipe.tag for recipe in ALL if build(recipe)]


def outdated() -> list[str]:
    """The tags of the images that the next start would build."""
    return [recipe.tag for recipe in ALL if not _is_current(recipe)]


def build(recipe: Recipe) -> bool:
    """Builds an image that is missing or out of date; True if it had to."""
    # Clusters that start at the same time want the same images.
    with exclusive(recipe.archive.with_suffix(".lock")):
        if _is_current(recipe):
            return False
        with tempfile.TemporaryDirectory(dir=TOOLS, prefix=".image-") as aside:
            context = Path(aside) / "context"
            shutil.copytree(recipe.folder, context, ignore=shutil.ignore_patterns("__pycache__"))
            recipe.stage(context)
            images.build(recipe.tag, context, folder=recipe.archives, arguments=recipe.arguments)
        _stamp(recipe).set(_digest(recipe))
        return True


def sources(folder: Path) -> list[Path]:
    """What a Dockerfile's folder gives to its build: without what .dockerignore names."""
    ignore = folder / ".dockerignore"
    lines = ignore.read_text().splitlines() if ignore.exists() else []
    hidden = {folder / line for line in lines if not line.startswith("#")}
    found = (path for path in sorted(folder.rglob("*")) if hidden.isdisjoint((path, *path.parents)))
    return [path for path in found if path.is_file() and path.suffix != ".pyc"]


def _is_current(recipe: Recipe) -> bool:
    if not all(path.is_file() for path in (recipe.archive, *recipe.inputs)):
        return False
    return _stamp(recipe).is_current(_digest(recipe))


def _stamp(recipe: Recipe) -> Stamp:
    return Stamp(recipe.archive.with_suffix(".stamp"))


def _digest(recipe: Recipe) -> str:
    read = (*sources(recipe.folder), *recipe.inputs)
    # The mode too: an entrypoint that cannot be run is another image.
    return stamps.digest([recipe.tag], ((f"{x.name} {x.stat().st_mode:o}", x) for x in read))
