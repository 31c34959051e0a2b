"""The images that this repository makes itself, rebuilt only when what goes into them changed."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localcluster import binary, images, postgres_image
from localcluster.layout import TOOLS

FOLDER = Path(__file__).resolve().parent / "images"


@dataclass(frozen=True)
class Recipe:
    """An image: its Dockerfile's folder, and what is laid beside the Dockerfile for the build."""

    tag: str
    folder: Path
    inputs: tuple[Path, ...]
    """Files that decide on the content beside the folder's own."""
    stage: Callable[[Path], None]


def _stage_pause(context: Path) -> None:
    shutil.copy2(binary.PAUSE, context / "pause")


PAUSE = Recipe(images.PAUSE, FOLDER / "pause", (binary.PAUSE,), _stage_pause)
POSTGRES = Recipe(
    images.POSTGRES,
    FOLDER / "postgres",
    (Path(postgres_image.__file__),),
    postgres_image.stage,
)
ALL = (PAUSE, POSTGRES)


def build_missing() -> list[str]:
    """Builds what is missing or out of date and returns the tags of what was built."""
    return [recipe.tag for recipe in ALL if _build(recipe)]


def outdated() -> list[str]:
    """The tags of the images that the next start would build."""
    return [recipe.tag for recipe in ALL if not _is_current(recipe)]


def _build(recipe: Recipe) -> bool:
    if _is_current(recipe):
        return False
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix=".image-") as aside:
        context = Path(aside) / "context"
        shutil.copytree(recipe.folder, context)
        recipe.stage(context)
        images.build(recipe.tag, context)
    _stamp(recipe).write_text(_digest(recipe))
    return True


def _is_current(recipe: Recipe) -> bool:
    stamp = _stamp(recipe)
    if not (stamp.is_file() and images.archive_of(recipe.tag).is_file()):
        return False
    return all(path.is_file() for path in recipe.inputs) and stamp.read_text() == _digest(recipe)


def _stamp(recipe: Recipe) -> Path:
    return images.archive_of(recipe.tag).with_suffix(".stamp")


def _digest(recipe: Recipe) -> str:
    hashed = hashlib.sha256(recipe.tag.encode())
    for path in (*sorted(recipe.folder.rglob("*")), *recipe.inputs):
        if path.is_file():
            # The mode too: an entrypoint that cannot be run is another image.
            hashed.update(f"{path.name} {path.stat().st_mode:o}".encode())
            hashed.update(path.read_bytes())
    return hashed.hexdigest()
