"""The stand-ins of newer PostgreSQL versions for `make up`, built where the stack names one."""

from bootstrap import clusters
from bootstrap.clusters import Cluster, Kind
from bootstrap.stack import Stack
from localcluster.recipes import WANTED


def image_commands(stack: Stack, cluster: Cluster) -> list[list[str]]:
    """What builds and loads the images that the local cluster does not have by itself."""
    if cluster.kind is not Kind.LOCALCLUSTER:
        return []
    named = {stack.own(f"postgres.{key}") for key in ("image", "upgradeFrom")}
    make = [*clusters.command(cluster).split(), "image", "make"]
    return [[*make, name] for name, recipe in sorted(WANTED.items()) if recipe.tag in named]
