"""A bad setting ends preview with one clear sentence, and nothing changes."""

import shutil
from pathlib import Path

import pytest

from tests.lib.project import PULUMI_FAILED, Project
from tests.lib.world import World

BAD = [("postgres.dataSize", "1 gigabyte"), ("kubeContext", "no-such-context")]
"""One of those that the settings refuse (tests/unit/test_settings.py has all), and one that the machine does."""


@pytest.mark.parametrize(("key", "value"), BAD)
def test_a_bad_setting_is_refused_at_preview(world: World, key: str, value: str) -> None:
    before = world.project.run(f"pulumi config get --path {key}", status=None)
    world.project.run(f"pulumi config set --path {key} '{value}'")
    try:
        refused = world.project.pulumi("preview", status=PULUMI_FAILED)
    finally:
        _put_back(world.project, key, before.stdout.strip() if before.status == 0 else None)
    assert key in refused.output
    assert value in refused.output
    assert "Traceback" not in refused.output
    assert world.pod_ready()


def _put_back(project: Project, key: str, value: str | None) -> None:
    if value is None:
        project.run(f"pulumi config rm --path {key}")
    else:
        project.run(f"pulumi config set --path {key} '{value}'")


def test_another_cluster_is_refused_before_anything_changes(world: World, elsewhere: Path) -> None:
    """The same cluster under another name does: the stack knows it by its name alone."""
    kubeconfig = elsewhere / "kubeconfig"
    shutil.copy(world.project.environment["KUBECONFIG"], kubeconfig)
    other = {"KUBECONFIG": str(kubeconfig)}
    here = world.project.run("kubectl config current-context").stdout.strip()
    world.project.run(f"kubectl config rename-context {here} other", **other)
    world.project.run("pulumi config set kubeContext other")
    try:
        refused = world.project.pulumi("preview", status=PULUMI_FAILED, **other)
        skipped = world.project.pulumi("up --yes --skip-preview", status=PULUMI_FAILED, **other)
    finally:
        world.project.run(f"pulumi config set kubeContext {here}")
    for output in (refused.output, skipped.output):
        assert f"kubeContext is now 'other', but the stack lives on '{here}'" in output
        assert "Traceback" not in output
    world.project.pulumi("preview --expect-no-changes")
