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
from toolchain import archiving, stamps, userland
from toolchain.errors import SetupError
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
    base: "Recipe | None" = None
    """Of another image, which is built before."""

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


POSTGRES_DEBIAN = dataclasses.replace(
    POSTGRES,
    tag=images.POSTGRES_DEBIAN,
    stage=postgres_image.stage_debian,
    archives=images.OPTIONAL,
    arguments={"POSTGRES_ID": postgres_image.DEBIANS_ID},
)
"""As images that are not of Alpine: pgvector's, PostGIS', the official one without `-alpine`."""


def sources(folder: Path) -> list[Path]:
    """What a Dockerfile's folder gives to its build: without what .dockerignore names."""
    ignore = folder / ".dockerignore"
    lines = ignore.read_text().splitlines() if ignore.exists() else []
    hidden = {folder / line for line in lines if not line.startswith("#")}
    found = (path for path in sorted(folder.rglob("*")) if hidden.isdisjoint((path, *path.parents)))
    return [path for path in found if path.is_file() and path.suffix != ".pyc"]


def tag_of(folder: Path, base: str = "") -> str:
    """A tag for what is built from a folder: the same for the same sources, and only for those.

    With a base that is chosen the base's name counts too, and stands at the tag's end.
    """
    named = ((path.relative_to(folder).as_posix(), path) for path in sources(folder))
    tag = stamps.digest([], named)[:12]
    return f"{tag}-{stamps.digest([images.full_name(base)])[:12]}" if base else tag


def base_of(image: str) -> str:
    """What stands in an image's tag for its base; empty where that is not chosen."""
    return image.rpartition(":")[2].partition("-")[2]


ALL = (PAUSE, POSTGRES)
CONSOLE = Recipe(
    f"{images.CONSOLE_NAME}:{tag_of(REPOSITORY / 'console')}",
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
SERVERS = {
    "postgres-debian": POSTGRES_DEBIAN,
    "postgres-17": later_postgres("17.11"),
    "postgres-18": later_postgres("18.6"),
}
TOOLS_FOLDER = REPOSITORY / "scripts" / "image"


def tools(base: str = images.POSTGRES) -> Recipe:
    """A server's image with what the archive needs besides; the server's is one that is kept."""
    made = next((x for x in (POSTGRES, *SERVERS.values()) if x.tag == base), None)
    folder = made.archives if made else images.ARCHIVES
    archive = images.archive_of(images.full_name(base), folder)
    if not (made or archive.is_file()):
        raise SetupError(
            f"there is no image {base} here to build on: "
            f"`python -m localcluster image build {base} DIR` makes it of DIR/Dockerfile"
        )
    return Recipe(
        f"{images.TOOLS_NAME}:{tag_of(TOOLS_FOLDER, base)}",
        TOOLS_FOLDER,
        (Path(archiving.__file__), archive),
        _stage_tools,
        images.OPTIONAL,
        # Not by its name: buildah's storage may have been removed, and there is no registry.
        {"BASE": f"oci-archive:{archive}"},
        made,
    )


def _stage_tools(context: Path) -> None:
    archiving.ensure(REPOSITORY)
    tree = archiving.directory(REPOSITORY)
    shutil.copytree(tree, context / "packages", symlinks=True, dirs_exist_ok=True)


WANTED = {"console": CONSOLE, "tools": tools(), **SERVERS}
"""Built and loaded only where somebody asks for them by these names."""
TAGGED_BY_SOURCES = ("console", "tools")


def build_missing() -> list[str]:
    """Builds what is missing or out of date and returns the tags of what was built."""
    return [recipe.tag for recipe in ALL if build(recipe)]


def outdated() -> list[str]:
    """The tags of the images that the next start would build."""
    return [recipe.tag for recipe in ALL if not _is_current(recipe)]


def build(recipe: Recipe) -> bool:
    """Builds an image that is missing or out of date; True if it had to."""
    if recipe.base:
        build(recipe.base)
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


def remove_older(recipe: Recipe) -> None:
    """Removes the archives of other sources on the same base, whose tags nobody asks for again."""
    name = images.archive_of(recipe.tag.rpartition(":")[0], recipe.archives).stem
    base = base_of(recipe.tag)
    for path in recipe.archives.glob(f"{name}_*-{base}.*" if base else f"{name}_*"):
        if path.stem != recipe.archive.stem:
            path.unlink(missing_ok=True)


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
