"""`make demo`: a table is filled, saved and proven, its disk is thrown away, and it is back.

By the same program, scripts and jobs as the person's stack, in a namespace beside it.
"""

import signal
import subprocess
import sys
from dataclasses import dataclass

from bootstrap import backups, clusters, reachable
from bootstrap.clusters import Cluster
from bootstrap.demo_space import NAME, NAMESPACE, DemoPlace, Space
from bootstrap.environment import for_children
from bootstrap.locks import stale_locks
from bootstrap.place import Place
from bootstrap.progress import Step, Steps
from bootstrap.stack import Stack
from toolchain.errors import SetupError
from toolchain.locking import exclusive

FILL = """CREATE TABLE beer (id int PRIMARY KEY, name text);
INSERT INTO beer SELECT n, 'beer ' || n FROM generate_series(1, 100000) n;"""
CONTENT = (
    """SELECT count(*) || ' rows, md5 ' || md5(string_agg(t::text, ',' ORDER BY id)) FROM beer t"""
)
PATIENCE = "300s"
"""For a pod or job on a busy machine."""


def demo(place: Place) -> None:
    """Leaves nothing behind, however it ends."""
    cluster = clusters.find(place)
    environment = for_children(place, cluster)
    theirs = Stack(place, environment)
    if not theirs.exists():
        raise SetupError("there is no stack here to show it beside: `make up` first")
    reachable.require(cluster, environment)
    aside = DemoPlace(**vars(place) | {"stack": NAME})
    stack = Stack(aside, for_children(aside, cluster))
    space = Space(aside, cluster.context, stack.environment)
    steps = Steps(total=7)
    with exclusive(place.state / ".demo.lock", steps.say):
        space.look()
        stale_locks(aside)  # ends where a killed one's pulumi is still at work
        space.clear()  # what a killed one has left
        # As Ctrl-C: what was begun is ended, and all of it removed.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        _run(Demo(stack, space, cluster, steps), theirs)


def _run(show: "Demo", theirs: Stack) -> None:
    try:
        show.make_server(theirs)
        before = show.fill()
        show.prove(show.save())
        show.bring_back(before, show.throw_away())
    except KeyboardInterrupt:
        raise SetupError("interrupted. Nothing of the demonstration is left") from None
    finally:
        show.remove()
    show.steps.say("The same rows, from the set, on another disk. Your own stack was not touched.")


@dataclass(frozen=True)
class Demo:
    """The steps, in the order in which they are shown."""

    stack: Stack
    space: Space
    cluster: Cluster
    steps: Steps

    def make_server(self, theirs: Stack) -> None:
        """The program's own `pulumi up`, with the image that the person's stack has."""
        with self.steps.step(f"A second server, in the namespace {NAMESPACE}") as step:
            self.stack.ensure()
            self.stack.configure(self.cluster)
            settings = {
                "namespace": NAMESPACE,
                "postgres.databases[0]": "demo",
                "backup.storage.kind": "storageClass",
                "backup.storage.storageClass": self.space.storage_class(),
                "backup.onDestroy": "nothing",
                "startup.accept": "volatile-store",  # all of it is thrown away anyhow
                # No run comes in between: once a year.
                "backup.schedule": "0 0 1 1 *",
                "verify.schedule": "0 0 1 1 *",
            }
            kept = ("postgres.image", "postgres.storageClass")
            settings |= {key: theirs.own(key) for key in kept if theirs.own(key)}
            words = [word for pair in settings.items() for word in ("--plaintext", "=".join(pair))]
            self.stack.pulumi("config", "set-all", "--path", *words, "--stack", NAME)
            step.say("$ pulumi up")
            self._up()
            step.outcome = f"postgres-0 on the disk {self._disk()}"

    def fill(self) -> str:
        """Returns what the table holds."""
        with self.steps.step("A table is filled") as step:
            for line in FILL.splitlines():
                step.say(f"demo=# {line}")
            self._psql(FILL)
            step.outcome = self._psql(CONTENT)
            return step.outcome

    def save(self) -> str:
        """Returns the set's name."""
        with self.steps.step("It is saved") as step:
            step.say("$ scripts/backup-postgres.sh")
            step.hand_over()
            place, environment = self.stack.place, self.stack.environment
            context = self.cluster.context
            step.outcome = backups.take(place, context, NAMESPACE, environment, "demo")
            return step.outcome

    def prove(self, name: str) -> None:
        """By the job that verifies every set."""
        with self.steps.step("It is proven: restored into a server aside, and compared") as step:
            step.say("$ kubectl create job verify --from=cronjob/postgres-backup-verify")
            self.space.kubectl("create", "job", "verify", "--from=cronjob/postgres-backup-verify")
            self._await_job("verify", step)
            found = backups.published(self.stack, self.cluster.context, NAMESPACE)
            if not any(one["set"] == name and one["verified"] for one in found):
                raise SetupError(f"the set {name} was not verified: {found}")
            step.outcome = "equal"

    def throw_away(self) -> str:
        """Returns the volume that is gone."""
        with self.steps.step("The disk is thrown away") as step:
            disk, claim = self._disk(), self._claim()
            step.say(f"$ kubectl delete persistentvolumeclaim {claim}")
            self.space.kubectl("delete", "persistentvolumeclaim", claim, "--wait=false")
            step.say("$ kubectl delete pod postgres-0")
            self.space.kubectl("delete", "pod", "postgres-0")
            self._wait(f"persistentvolume/{disk}", "delete")
            step.outcome = f"{disk} is gone"
            return disk

    def bring_back(self, before: str, lost: str) -> None:
        """Ends unless the same rows are on another disk."""
        with self.steps.step("It comes back by itself") as step:
            step.say("$ pulumi up --refresh")
            self._up("--refresh")
            self._wait("pod/postgres-0", "condition=Ready")
            step.say(self._last_line("postgres-0", "-c=prepare-data"))
            after, disk = self._psql(CONTENT), self._disk()
            if after != before or disk == lost:
                raise SetupError(f"{before} on {lost} became {after} on {disk}")
            step.outcome = f"{after}, on {disk}"

    def remove(self) -> None:
        """The namespace, its volumes, the stack."""
        with self.steps.step("All of it is removed") as step:
            self.space.clear()
            step.outcome = f"no {NAMESPACE}, no volume, no stack"

    def _up(self, *options: str) -> None:
        """Not cut off: what Pulumi has begun it ends, so that all that is there is known."""
        words = ["pulumi", "--non-interactive", "up", "--yes", "--skip-preview", *options]
        place, environment = self.stack.place, self.stack.environment
        process = subprocess.Popen(
            [*words, "--stack", NAME],
            cwd=place.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            said, _ = process.communicate()
        except KeyboardInterrupt:
            sys.stderr.write("\nwaiting for pulumi to finish what it has begun\n")
            process.communicate()
            raise
        if process.returncode != 0:
            raise SetupError(f"`pulumi up` ended with {process.returncode}:\n{said}")

    def _await_job(self, name: str, step: Step) -> None:
        try:
            self._wait(f"job/{name}", "condition=Complete")
        finally:
            step.say(self._last_line(f"job/{name}"))

    def _wait(self, what: str, until: str) -> None:
        self.space.kubectl("wait", what, f"--for={until}", f"--timeout={PATIENCE}")

    def _last_line(self, *what: str) -> str:
        return self.space.kubectl("logs", *what).strip().rpartition("\n")[2]

    def _psql(self, statement: str) -> str:
        psql = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "demo"]
        inside = ["exec", "postgres-0", "-c=postgres", "--", *psql, "-c", statement]
        return self.space.kubectl(*inside).strip()

    def _claim(self) -> str:
        volumes = self.space.get("pod", "postgres-0")[0]["spec"]["volumes"]
        (name,) = [
            one["persistentVolumeClaim"]["claimName"] for one in volumes if one["name"] == "data"
        ]
        return str(name)

    def _disk(self) -> str:
        (claim,) = self.space.get("persistentvolumeclaim", self._claim())
        return str(claim["spec"]["volumeName"])
