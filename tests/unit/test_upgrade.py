"""Another major version: refused before anything changes, or done by the pod."""

import dataclasses
from pathlib import Path

import pulumi
import pytest

from bootstrap.clusters import Cluster, Kind
from bootstrap.place import from_environment
from bootstrap.postgres_images import image_commands
from bootstrap.stack import Stack
from localcluster import images, postgres_image, recipes
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder

OLD, NEW = "registry.local/postgres:16.14", "registry.local/postgres:17.9-alpine"
UPGRADE = {"postgres.image": NEW, "postgres.upgradeFrom": OLD}


def init_containers(stack: Recorder) -> dict[str, str]:
    """Image of each by its name, in their order."""
    spec = stack.pods()["postgres"]["spec"]
    return {container["name"]: container["image"] for container in spec["initContainers"]}


def test_a_newer_major_version_is_refused_with_the_way_to_it(deploy: Deploy) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        deploy(config={"postgres.image": NEW}, stashed={"version-major": "16"})
    assert str(refused.value) == (
        f"postgres.image is '{NEW}', PostgreSQL 17, but by the stack's state the data is of PostgreSQL 16. To upgrade: "
        "pulumi config set --path postgres.upgradeFrom with the old image, then pulumi up "
        "(docs/upgrade.md). To stay: pulumi config set --path postgres.image with an image of "
        "PostgreSQL 16. If the state is wrong: pulumi config set --path startup.accept "
        "other-version, "
        "and start-up looks at the data alone"
    )


def test_a_state_that_is_wrong_about_the_version_is_no_dead_end(deploy: Deploy) -> None:
    wrong = {"version-major": "17"}
    stack = deploy(config={"postgres.image": OLD, "startup.accept": "other-version"}, stashed=wrong)
    assert init_containers(stack) == {"prepare-data": OLD}
    stash = stack.one("Stash", "version-major")
    assert (stash["input"], stash.replace_on_changes) == ("16", ["input"])
    (prepare,) = stack.pods()["postgres"]["spec"]["initContainers"]
    environment = {entry["name"]: entry.get("value") for entry in prepare["env"]}
    assert environment["STARTUP_ACCEPT"] in {None, ""}, "the pod's scripts know no such word"


def test_an_older_major_version_is_refused_with_the_way_back(deploy: Deploy) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        deploy(config={"postgres.image": OLD}, stashed={"version-major": "17"})
    assert str(refused.value) == (
        f"postgres.image is '{OLD}', PostgreSQL 16, but by the stack's state the data is of "
        "PostgreSQL 17, which an older version can neither read nor restore. To stay: pulumi "
        "config set --path postgres.image with an image of PostgreSQL 17. If the state is wrong: pulumi "
        "config set --path startup.accept other-version, and start-up looks at the data alone. To go "
        "back to a set of PostgreSQL 16, without what was written since: docs/upgrade.md, Going back"
    )


@pytest.mark.parametrize(
    ("image", "then"),
    [(OLD, "16"), (NEW, "17"), ("postgres@sha256:" + "0" * 64, "16"), (NEW, "")],
)
def test_what_fits_or_cannot_be_told_is_left_to_the_start(
    deploy: Deploy, image: str, then: str
) -> None:
    stack = deploy(config={"postgres.image": image}, stashed={"version-major": then})
    stash = stack.one("Stash", "version-major")
    assert init_containers(stack) == {"prepare-data": image}
    assert stash.ignore_changes == ["input"], "it says what the data is, not the setting"
    for waiting in (*stack.all("CronJob"), stack.one("StatefulSet")):
        assert stash.urn in waiting.depends_on, "the check comes before any pod gets the image"


def test_an_upgrade_begins_with_a_last_set_by_the_old_image(deploy: Deploy) -> None:
    stack = deploy(config=UPGRADE, stashed={"version-major": "16"})
    assert init_containers(stack) == {"last-set": OLD, "prepare-data": NEW}
    last, prepare = stack.pods()["postgres"]["spec"]["initContainers"]
    assert last["command"] == ["bash", "/backup-scripts/last-set.sh"]
    for key in ("env", "volumeMounts", "securityContext", "resources"):
        assert last[key] == prepare[key]
    others = {
        container["image"]
        for name, pod in stack.pods().items()
        for container in pod["spec"]["containers"]
    }
    assert others == {NEW}


def test_the_state_moves_on_only_when_the_upgraded_server_has_answered(deploy: Deploy) -> None:
    """After an upgrade that failed the old image has to be accepted again."""
    stack = deploy(config=UPGRADE, stashed={"version-major": "16"})
    stash = stack.one("Stash", "version-major")
    assert stash["input"] == "17"
    assert stash.depends_on == [stack.one("Command", "postgres-ready").urn]
    assert stash.replace_on_changes == ["input"], "an update would keep the old output"
    assert stash.ignore_changes == []


def test_the_stand_ins_of_later_versions_are_built_only_where_they_are_named(
    tmp_path: Path,
) -> None:
    name = images.POSTGRES_NAME
    local = Cluster(Kind.LOCALCLUSTER, "c")

    stack = Stack(dataclasses.replace(from_environment({}), root=tmp_path), {})

    def made(kind: Cluster, **values: str) -> list[str]:
        lines = [f"  brewget:postgres.{key}: {value}" for key, value in values.items()]
        stack.place.stack_file.write_text("\n".join(["config:", *lines]))
        return [command[-1] for command in image_commands(stack, kind)]

    assert made(local) == []
    assert made(local, image=images.POSTGRES) == []
    assert made(local, image=f"{name}:17.11", upgradeFrom=images.POSTGRES) == ["postgres-17"]
    both = made(local, image=f"{name}:18.6", upgradeFrom=f"{name}:17.11")
    assert both == ["postgres-17", "postgres-18"]
    assert made(Cluster(Kind.NAMED, "c"), image=f"{name}:17.11") == []
    optional = [recipes.WANTED[key] for key in ("postgres-17", "postgres-18")]
    assert {recipe.archives for recipe in optional} == {images.OPTIONAL}
    assert not {recipe.tag for recipe in optional} & {recipe.tag for recipe in recipes.ALL}


def test_the_stand_in_of_18_has_its_data_where_the_official_image_has_it() -> None:
    assert postgres_image.arguments("18.6")["DATA"] == "/var/lib/postgresql/18/docker"
    assert postgres_image.arguments("17.11")["DATA"] == "/var/lib/postgresql/data"
