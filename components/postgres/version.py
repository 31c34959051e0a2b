"""Which server the stack has, and of which major version its data is: no other can read it."""

from collections.abc import Sequence

import pulumi

from components.settings import validators
from components.settings.postgres import PostgresSettings
from components.settings.startup import StartupSettings
from components.settings.types import Accept, Engine


class PostgresVersion(pulumi.ComponentResource):
    """The check that postgres.image fits the data, before anything is changed.

    The stack's state remembers the major version; a change is refused unless
    postgres.upgradeFrom, or startup.accept other-version, says that it is meant. Then the pods
    find out by themselves what the data is, and the state moves on when the server has answered,
    so after an upgrade that failed the old image is still the right one. Of a server that others
    run the state remembers that alone: its clients may be of any newer version. It owns no data and
    asks no cluster.
    """

    image: pulumi.Output[str]
    """For every pod: what has it waits for the check."""

    def __init__(
        self,
        name: str,
        settings: PostgresSettings,
        startup: StartupSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        image = settings.image
        super().__init__("brewget:index:PostgresVersion", name, {"image": image}, opts)
        self._name = name
        is_ours = settings.engine is not Engine.EXTERNAL
        self._moves = bool(settings.upgrade_from) or startup.accepts(Accept.OTHER_VERSION)
        self._major = str(validators.image_major(image) or "") if is_ours else str(Engine.EXTERNAL)
        self.image = pulumi.Output.from_input(image)
        if not self._moves:
            made = self._stash(pulumi.ResourceOptions(ignore_changes=["input"]))
            self.image = made.output.apply(
                lambda then: fitting(image, same_engine(str(then), settings.engine))
            )
        self.register_outputs({"image": self.image})

    def move_on(self, depends_on: Sequence[pulumi.Resource]) -> None:
        """The data has the image's major version as soon as what it depends on is there."""
        if self._moves:
            # Only a new Stash has the new value for its output.
            changes = pulumi.ResourceOptions(replace_on_changes=["input"], depends_on=depends_on)
            self._stash(changes)

    def _stash(self, opts: pulumi.ResourceOptions) -> pulumi.Stash:
        mine = pulumi.ResourceOptions(parent=self)
        return pulumi.Stash(
            f"{self._name}-major",
            input=self._major,
            opts=pulumi.ResourceOptions.merge(opts, mine),
        )


def fitting(image: str, then: str) -> str:
    """`image` if it fits data of the major version `then`. Ends the preview if it does not.

    Where a version is not known (an image by digest alone), start-up finds it out; that of others
    is nobody's to decide here.
    """
    now = validators.image_major(image)
    if not then.isdecimal() or now is None or now == int(then):
        return image
    found = (
        f"postgres.image is '{image}', PostgreSQL {now}, but by the stack's state the data is of "
        f"PostgreSQL {then}"
    )
    stay = (
        f"To stay: pulumi config set --path postgres.image with an image of PostgreSQL {then}. If "
        f"the state is wrong: pulumi config set --path startup.accept {Accept.OTHER_VERSION}, and "
        "start-up looks at the data alone"
    )
    if now > int(then):
        raise pulumi.RunError(
            f"{found}. To upgrade: pulumi config set --path postgres.upgradeFrom with the old "
            f"image, then pulumi up (docs/upgrade.md). {stay}"
        )
    raise pulumi.RunError(
        f"{found}, which an older version can neither read nor restore. {stay}. To go back to a "
        f"set of PostgreSQL {now}, without what was written since: docs/upgrade.md, Going back"
    )


def same_engine(then: str, now: Engine) -> str:
    """`then`, what the state remembers. Ends the preview of a stack with another kind of server.

    One of our own would be deleted, with its data claim, by an `up` that no longer has it.
    """
    before = Engine.EXTERNAL if then == Engine.EXTERNAL else Engine.STATEFULSET
    if before is now:
        return then
    back = f"pulumi config set --path postgres.engine {before}"
    loses = before is Engine.STATEFULSET
    harm = (
        "an up would delete that server with its data"
        if loses
        else "its schedule saves a server that others run"
    )
    taken = " (takes a last set and keeps all sets)" if loses else " (keeps all sets)"
    last = "" if loses else ", which fills the new server with the newest set"
    raise pulumi.RunError(
        f"postgres.engine is now '{now}', but the stack was made with '{before}', and {harm}. To "
        f"move: {back}, pulumi destroy --run-program{taken}, pulumi config set --path "
        f"postgres.engine {now}, pulumi up{last}. To stay: {back}. For both: pulumi stack init NAME"
    )
