"""The rules over every manifest of every kind of stack, with the pod that a command makes.

The pack itself sees no pod that a command makes: only here are the rules asked about the store's.
"""

import pytest

from policy import data, pods
from tests.lib.manifests import STACKS, manifests
from tests.unit.conftest import Deploy

# Its first step, once, gives a hostPath directory away: that takes root and CHOWN.
OF_THE_STORE = [
    f"Pod postgres-backup-store: container own lacks {setting}: set it"
    for setting in ("runAsNonRoot: true", "capabilities.add: []")
]


@pytest.mark.parametrize("console", ["true", "false"])
@pytest.mark.parametrize("name", STACKS)
def test_every_manifest_keeps_the_policies(deploy: Deploy, name: str, console: str) -> None:
    objects = manifests(deploy(config=STACKS[name] | {"console.enabled": console}))
    secrets = set[str]().union(*(data.secret_values(o) for o in objects if o["kind"] == "Secret"))
    # The password is in the user's own Secret.
    assert len(secrets) >= 4 or name == "external"
    found: list[str] = []
    for made in objects:
        kind, called = made["kind"], made["metadata"]["name"]
        for rule in (*data.RULES, *pods.RULES):
            found += rule(kind, called, made)
        found += data.holds_no_secret(kind, called, made, secrets)
    assert found == (
        OF_THE_STORE if name in {"default", "archive", "encryption", "external"} else []
    )
