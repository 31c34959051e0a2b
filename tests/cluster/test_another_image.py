"""An image that is not of Alpine: the same user, data and sets, whichever of the two has written."""

import pytest

from localcluster.images import POSTGRES_DEBIAN
from tests.cluster.test_upgrade import verify
from tests.lib.world import NAMESPACE, World, assert_back, assert_lost

IN_POD = f"-n {NAMESPACE} exec postgres-0 -c postgres --"


@pytest.mark.long
def test_debians_image_takes_the_place_of_alpines_and_back(world: World) -> None:
    """As pgvector's and PostGIS' do, in which postgres has the number 999 and sh is dash."""
    project = world.project
    by_alpine = world.filled()
    project.cluster("image make postgres-debian", timeout=900)
    debian = project.changed({"postgres.image": POSTGRES_DEBIAN})
    try:
        project.up(**debian)
        assert project.kubectl(f"{IN_POD} readlink /bin/sh").strip() == "dash"
        assert project.kubectl(f"{IN_POD} id").startswith("uid=70(postgres)")
        assert world.claim_uid() == by_alpine.data_claim
        assert_back(world, by_alpine)
        project.pulumi("preview --expect-no-changes", **debian)

        by_debian = world.save()
        assert verify(world, by_debian.set)["left_out"] == []
        world.lose_disk()
        project.up(**debian)
        assert_lost(world, by_debian)
        assert_back(world, by_debian)
    finally:
        project.up()
    assert project.kubectl(f"{IN_POD} readlink /bin/sh").strip() == "busybox"
    assert_back(world, by_debian)
    assert verify(world, world.save().set)
