"""What a first `pulumi up` makes, kind by kind, next to what was agreed in tests/preview/previews.

A change that is meant: `RENEW=1 make test PYTEST_ARGS=tests/preview/test_preview.py`, then read the
difference in git.
"""

import os
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.lib.manifests import STACKS
from tests.lib.previews import Previews, difference, text

AGREED = Path(__file__).parent / "previews"
COMMAND = "RENEW=1 make test PYTEST_ARGS=tests/preview/test_preview.py"


@pytest.fixture(scope="module", name="previews")
def _previews(tmp_path_factory: pytest.TempPathFactory) -> Previews:
    return Previews(tmp_path_factory.mktemp("previews"))


def test_the_previews_are_as_agreed(previews: Previews) -> None:
    made = {name: previews.resources(config) for name, config in STACKS.items()}
    default = made.pop("default")
    texts = {"default": text(default, f"The default stack. To renew: {COMMAND}")}
    for name, resources in made.items():
        head = f"{name}: what differs from default.yaml. To renew: {COMMAND}"
        texts[name] = text(difference(default, resources), head)
    if os.environ.get("RENEW"):
        for name, content in texts.items():
            (AGREED / f"{name}.yaml").write_text(content)
    agreed = {path.stem: path.read_text() for path in AGREED.glob("*.yaml")}
    changes = [
        line
        for name in sorted(agreed.keys() | texts.keys())
        for line in unified_diff(
            agreed.get(name, "").splitlines(),
            texts.get(name, "").splitlines(),
            f"agreed/{name}.yaml",
            f"made/{name}.yaml",
            lineterm="",
        )
    ]
    assert not changes, "\n".join([f"If this is meant: {COMMAND}", *changes])
