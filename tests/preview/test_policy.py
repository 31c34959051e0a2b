"""The policy pack in the real engine: the program passes, a program that was spoilt does not."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lib.manifests import STACKS
from tests.lib.previews import Previews

WITH_PACK = ("pulumi", "--non-interactive", "--color=never", "preview", "--policy-pack", "policy")
SPOILT = {
    "cluster/pods.py": [
        ("image=image or pods.image", 'image="postgres:latest"'),
        ('limits={"memory": pods.resources.memory}', "limits={}"),
    ],
    "backup/storage.py": [('_policy="Retain"', '_policy="Delete"')],
}
SENTENCES = [
    "StatefulSet postgres-server: container postgres runs the image 'postgres:latest', which can",
    "StatefulSet postgres-server: container postgres has no memory in resources.limits: add it",
    "PersistentVolume backup-volume is not kept: set persistentVolumeReclaimPolicy: Retain",
]
PROVIDER = "00000000-0000-4000-8000-000000000000"
LEAK = """core.v1.ConfigMap(
            "leak", data={"url": pulumi.Output.format("postgres:{0}@db", superuser)}
        )
        self.secrets = ["""


@pytest.fixture(name="previews")
def _previews(tmp_path: Path) -> Previews:
    return Previews(tmp_path)


@pytest.mark.long
def test_every_stack_passes(previews: Previews) -> None:
    for name, config in STACKS.items():
        previews.configure(config | {"console.enabled": str(name != "default").lower()})
        done = previews.run(*WITH_PACK)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "✅ brewget@" in done.stdout, "the pack was asked"
        assert "can't run policy" not in done.stdout, f"no rule was left out: {done.stdout}"


def test_a_spoilt_program_is_refused_with_the_sentences(previews: Previews) -> None:
    for file, changes in SPOILT.items():
        for good, bad in changes:
            spoil(previews, file, good, bad)
    done = previews.run(*WITH_PACK)
    assert done.returncode != 0
    missing = [sentence for sentence in SENTENCES if sentence not in done.stdout]
    assert not missing, done.stdout + done.stderr


@pytest.mark.long
def test_a_password_in_a_config_map_is_refused(previews: Previews) -> None:
    """By itself, as Pulumi asks for the whole stack only where every resource is well."""
    spoil(previews, "postgres/credentials.py", "self.secrets = [", LEAK)
    done = previews.run(*WITH_PACK)
    assert done.returncode != 0
    sentence = "ConfigMap leak holds a Secret's value: mount the Secret instead"
    assert sentence in done.stdout, done.stdout + done.stderr


def spoil(previews: Previews, file: str, good: str, bad: str) -> None:
    """Change one place of the copied program."""
    path = previews.folder / "components" / file
    text = path.read_text()
    assert text.count(good) == 1, f"{good!r} is no longer once in {file}"
    path.write_text(text.replace(good, bad))


@pytest.mark.long
def test_a_claim_that_would_be_deleted_is_refused(previews: Previews, tmp_path: Path) -> None:
    preview = previews.pulumi("preview", "--json")
    first = previews.run(sys.executable, "-m", "policy.steps", stdin=preview)
    assert first.returncode == 0, "a first up loses nothing"
    state = tmp_path / "state.json"
    state.write_text(json.dumps(with_an_old_claim(json.loads(preview)["steps"])))
    previews.pulumi("stack", "import", "--file", str(state))

    preview = previews.pulumi("preview", "--json")
    done = previews.run(sys.executable, "-m", "policy.steps", stdin=preview)

    assert done.returncode == 1, preview
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("PersistentVolumeClaim postgres-old would be lost (delete): ")


def with_an_old_claim(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """A state as if the data's claim had been made under another logical name."""
    made = {step["urn"].rpartition("::")[2]: step["newState"] for step in steps}
    claim = made["postgres-data"]
    needed = [found for found in made.values() if found["type"] == "pulumi:pulumi:Stack"]
    needed += [made[claim["parent"].rpartition("::")[2]]]
    provider = made[claim["provider"].rpartition("::")[0].rpartition("::")[2]]
    old = claim | {
        "urn": claim["urn"].replace("::postgres-data", "::postgres-old"),
        "id": "brewget/postgres-old",
        "provider": f"{provider['urn']}::{PROVIDER}",
    }
    resources = [*needed, provider | {"id": PROVIDER}, old]
    for resource in resources:
        resource |= {"dependencies": [], "propertyDependencies": {}, "outputs": {}}
    return {"version": 3, "deployment": {"manifest": {}, "resources": resources}}
