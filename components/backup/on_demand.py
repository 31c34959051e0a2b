"""What is done on demand: a backup, a restore, and the last backup before the server goes.

A request is a setting: `pulumi config set backupNow "$(date +%s)"`, then `pulumi up`. Each value
runs once; a run that failed runs again on the next `up`; removing the setting does nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import local

from components.cluster import names
from components.cluster.kubectl import HOST_SCRIPTS, ROOT, Kubectl, call
from components.settings.model import Settings
from components.settings.types import OnDestroy


@dataclass(frozen=True, kw_only=True)
class OperationsArgs:
    """What Operations needs from its neighbours."""

    settings: Settings
    after: Sequence[pulumi.Resource] = ()
    """The server that answers and the CronJobs that runs are made from."""


class Operations(pulumi.ComponentResource):
    """Runs the requests in the settings, each through the same script that a person runs."""

    last_backup: pulumi.Output[str]
    """Name of the last set taken on demand, or empty."""

    def __init__(
        self, name: str, args: OperationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("brewget:index:Operations", name, None, opts)
        settings = args.settings
        kubectl = Kubectl(settings.kube_context, settings.namespace)
        # As long as the Job itself may take.
        timeout = ["--timeout", str(settings.backup.timeout)]
        backup = self._once(
            f"{name}-backup",
            request=settings.backup_now,
            command=kubectl.script(
                ROOT / "scripts" / "backup-postgres.sh", "--reason", "on-demand", *timeout
            ),
            after=args.after,
        )
        replace = ["--replace"] if settings.restore_replace else []
        self._once(
            f"{name}-restore",
            request=" ".join([settings.restore_from, *(word[2:] for word in replace)]).strip(),
            command=kubectl.script(
                ROOT / "scripts" / "restore-postgres.sh", settings.restore_from, *replace, *timeout
            ),
            # A set asked for together with a restore is the state to go back to.
            after=[*args.after, backup],
            # A new stack has restored its newest set at start-up: what an earlier stack was
            # asked for must not put an old set in its place.
            skips_first=True,
        )
        self.last_backup = backup.stdout.apply(lambda said: said.partition("\n")[2])
        self.register_outputs({"last_backup": self.last_backup})

    def _once(
        self,
        name: str,
        *,
        request: str,
        command: str,
        after: Sequence[pulumi.Resource],
        skips_first: bool = False,
    ) -> local.Command:
        runner = Kubectl.relative(HOST_SCRIPTS / "run-once.sh")
        return local.Command(
            name,
            create=f"{runner} {command}",
            environment={"REQUEST": request} | ({"SKIP_FIRST": "1"} if skips_first else {}),
            # stdout is the result and what run-once.sh remembers; the job's log is on stderr.
            logging=local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def last_backup_hook(name: str, settings: Settings) -> pulumi.ResourceHook:
    """A hook that takes a set before the server is deleted or replaced, or keeps the server.

    The server's data claim goes with it, so what was written since the last set would be lost.
    """
    timeout = ["--timeout", str(settings.backup.timeout)]

    def take(args: pulumi.ResourceHookArgs) -> None:
        # The server that goes, not the one that the settings describe now.
        old = args.old_inputs or {}
        kubectl = Kubectl(settings.kube_context, old["metadata"]["namespace"])
        if settings.backup.on_destroy is OnDestroy.NOTHING:
            pulumi.log.warn("backup.onDestroy is 'nothing': the server goes without a last set")
            return
        script = str(ROOT / "scripts" / "backup-postgres.sh")
        try:
            if not kubectl.get("statefulset", names.STATEFUL_SET):
                pulumi.log.info("The server is gone already: no last set is taken")
                return
            done = call([script, *kubectl.options(), "--reason", "before-delete", *timeout])
        except (RuntimeError, OSError) as error:
            raise pulumi.RunError(
                f"The last backup before the server is deleted failed, so it stays. {error}\n"
                "To delete it without: pulumi config set backup.onDestroy nothing"
            ) from error
        pulumi.log.info(f"Last set before the server is deleted: {done.stdout.strip()}")

    # Registered under every setting: the state names it, and a destroy looks it up by that name.
    return pulumi.ResourceHook(name, take)
