"""`make up`: everything from an empty machine to a database with a first backup."""

import shlex
from typing import Any

from bootstrap import (
    backups,
    clusters,
    memory,
    minikube,
    mounts,
    passphrase,
    postgres_images,
    reachable,
    summary,
    switches,
)
from bootstrap.built import ARCHIVE, CONSOLE
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children
from bootstrap.exported import has_objects
from bootstrap.minikube import State
from bootstrap.place import Place
from bootstrap.progress import Step, Steps
from bootstrap.stack import Stack
from bootstrap.tools import (
    MINIKUBE_STEPS,
    NODE_STEPS,
    PULUMI_STEPS,
    lacks_minikube,
    prepare_minikube,
    prepare_node,
    prepare_pulumi,
)
from toolchain.errors import SetupError
from toolchain.locking import exclusive

OWN_STEPS = 4


def up(place: Place) -> None:
    """Safe to repeat and to interrupt: each step looks before it acts."""
    cluster = clusters.find(place)
    is_local = cluster.kind is Kind.LOCALCLUSTER
    if cluster.kind is Kind.NAMED:
        # Asked first: a mistyped name should not cost the minutes of a build.
        reachable.require(cluster, for_children(place, cluster))
    lacks = lacks_minikube(place, cluster)
    kinds = (NODE_STEPS if is_local else 0) + (MINIKUBE_STEPS if lacks else 0)
    steps = Steps(total=PULUMI_STEPS + kinds + OWN_STEPS)
    steps.say(f"cluster: {cluster.context} ({cluster.kind.value}), as {cluster.why}")
    if lacks:
        prepare_minikube(place, steps)
    prepare_pulumi(place, cluster, steps)
    if is_local:
        prepare_node(place, steps)
    with exclusive(place.state / ".lock", steps.say):
        _bring_up(place, cluster, steps)


def _bring_up(place: Place, cluster: Cluster, steps: Steps) -> None:
    stack = Stack(place, for_children(place, cluster))
    stay(stack, cluster)
    with steps.step(f"Cluster {cluster.context}") as step:
        step.outcome = _start(place, cluster, stack.environment, step)
        settled = memory.Memory(cluster.kind.value, cluster.context, place.backups)
        memory.save(place.root, place.stack, settled)
    with steps.step(f"Stack {place.stack}") as step:
        step.outcome = prepare_stack(stack, cluster, step)
    with steps.step("pulumi up") as step:
        step.hand_over()
        # --refresh: a namespace or cluster that was deleted meanwhile is noticed and made again;
        # without it Pulumi compares with its own state only, and finds nothing to do.
        stack.show("up", "--yes", "--refresh", "--skip-preview")
        stack.adopted()
    outputs = stack.outputs()
    namespace = str(outputs.get("namespace", "brewget"))
    with steps.step("First backup") as step:
        sets = backups.published(stack, cluster.context, namespace)
        step.outcome = (
            f"{len(sets)} there already" if sets else _take(stack, cluster, namespace, step)
        )
    if not sets:
        sets = backups.published(stack, cluster.context, namespace)
    has_console = switches.is_on(CONSOLE, stack)
    facts = summary.Facts(
        cluster, namespace, outputs, sets, summary.now(), has_console, stack.is_external
    )
    summary.show(place, facts, steps.console)


def stay(stack: Stack, cluster: Cluster) -> None:
    """Ends when the stack lives on another cluster, before anything is started or remembered."""
    if there := _elsewhere(stack, cluster):
        name = stack.place.stack
        raise SetupError(
            f"the stack '{name}' lives on the cluster '{there}': its server would run on there "
            "with what was written last, and no stack would know of it. To move it: `make destroy` "
            "without KUBE_CONTEXT and LOCALCLUSTER_PROFILE (takes a last backup and keeps all), "
            "then run this again. For a second one: this again with STACK=name. "
            f"If '{there}' is gone for good, what was written there since the newest set is lost: "
            f"`pulumi stack rm --force --preserve-config {name}` in a shell of `make env`, then "
            "this again"
        )


def _elsewhere(stack: Stack, cluster: Cluster) -> str:
    """The other cluster that the stack lives on; empty where it is this one, or none."""
    before = clusters.recorded(stack.place)
    if before is not None and before.context == cluster.context:
        return ""  # the usual case, without asking Pulumi
    there = stack.context()
    return there if there != cluster.context else ""


def _take(stack: Stack, cluster: Cluster, namespace: str, step: Step) -> str:
    step.hand_over()
    return backups.take(stack.place, cluster.context, namespace, stack.environment)


def _start(place: Place, cluster: Cluster, environment: dict[str, str], step: Step) -> str:
    if cluster.kind is Kind.NAMED:
        reachable.require(cluster, environment)
        return "reachable"
    # Another directory on the node is mounted, or not, by who has set it.
    is_usual = Stack(place, environment).own("backup.storage.path") in ("", mounts.MOUNT)
    if cluster.kind is Kind.MINIKUBE and _runs(place, cluster, environment, is_usual=is_usual):
        outcome = "running already"
    else:
        _make_backup_dir(place)
        step.hand_over()
        verbs = [*clusters.command(cluster).split(), "start", *mounts.words(place)]
        clusters.run(verbs, place, environment)
        outcome = "running"
    reachable.require(cluster, environment)
    if cluster.kind is Kind.MINIKUBE and is_usual:
        mounts.require_store_seen(place, cluster.context, environment)
    return outcome


def _runs(place: Place, cluster: Cluster, environment: dict[str, str], *, is_usual: bool) -> bool:
    """Whether minikube's cluster is up. Ends where it could only be brought up as it is not wanted.

    Nothing is started or made before.
    """
    known = minikube.profiles(environment).get(cluster.context)
    found = minikube.state(cluster.context, environment) if known else State.ABSENT
    if known is None and minikube.stranger(cluster.context, environment):
        raise SetupError(
            f"docker has a minikube '{cluster.context}' already that this account does not know: "
            "somebody else's, or left of a deleted one. For one of your own: `minikube start "
            f"--profile NAME {shlex.join(mounts.words(place))}`, then `KUBE_CONTEXT=NAME make up`"
        )
    if known and is_usual:
        mounts.require(place, known, is_running=found is State.RUNNING)
    if found in (State.PAUSED, State.GONE):
        reachable.require_running(cluster, environment)
    return found is State.RUNNING


def _make_backup_dir(place: Place) -> None:
    """Open to be listed, whatever the umask: its owner sees what he has, and no file of it."""
    if place.backup_dir is None or place.backup_dir.exists():
        return
    place.backup_dir.mkdir(parents=True)
    place.backup_dir.chmod(0o755)


def prepare_stack(stack: Stack, cluster: Cluster, step: Step) -> str:
    """Makes the stack ready for `pulumi up`: its settings, what was interrupted, its images."""
    is_new = stack.select()
    state = stack.export()
    for said in stack.clear_interrupted(state):
        step.say(said)
    if not has_objects(state):
        # Not only where it is new: the run that made it may have been cut off right then.
        stack.adopt()
    stack.configure(cluster)
    switches.prepare(CONSOLE, stack, cluster, step.say)
    switches.prepare(ARCHIVE, stack, cluster, step.say)
    if switches.is_on(ARCHIVE, stack):
        passphrase.keep(stack, cluster)
    for build in postgres_images.image_commands(stack, cluster):
        step.say("another PostgreSQL is wanted: its image is built where that is needed")
        clusters.run(build, stack.place, stack.environment)
    if is_new:
        step.say(
            f"this machine's settings are in {stack.place.stack_file.name}, which git ignores; "
            "in a shell of `make env`, `pulumi config set` writes there"
        )
        step.say("the passphrase is in .state/passphrase: keep it as long as the stack")
    return "made" if is_new else "already there"


def stop(place: Place) -> None:
    """Ends the cluster; its disks stay."""
    cluster = clusters.find(place)
    if cluster.kind is Kind.NAMED:
        raise SetupError(
            f"the cluster '{cluster.context}' was not started from here, so it is not stopped here"
        )
    command = [*clusters.command(cluster).split(), "stop"]
    clusters.run(command, place, for_children(place, cluster))


def destroy(place: Place) -> str:
    """Removes the stack's resources and returns what is left."""
    cluster = clusters.find(place)
    stack = Stack(place, for_children(place, cluster))
    if not stack.exists():
        return f"there is no stack '{place.stack}' here, so there is nothing to destroy"
    steps = Steps(total=0)
    with exclusive(place.state / ".lock", steps.say):
        if there := _elsewhere(stack, cluster):
            raise SetupError(
                f"the stack '{place.stack}' lives on the cluster '{there}', so it is not destroyed "
                f"on '{cluster.context}': `make destroy` without KUBE_CONTEXT and "
                "LOCALCLUSTER_PROFILE"
            )
        reachable.require(cluster, stack.environment)
        stack.select()
        for said in stack.clear_interrupted(stack.export()):
            steps.say(said)
        path = str(stack.outputs().get("backup_path", mounts.MOUNT))
        sets = _sets(stack, cluster)
        # --run-program: the hook that takes a last backup is part of the program.
        stack.show("destroy", "--run-program", "--yes", "--skip-preview")
    kept = summary.backup_place(place, cluster, path, sets)
    # A server that others run was not touched, so there is nothing to bring back.
    back = "" if stack.is_external else " `make up` brings the data back from them."
    return f"The stack is gone. Its backups stay: {kept}.{back}"


def _sets(stack: Stack, cluster: Cluster) -> list[dict[str, Any]] | None:
    """The sets; None where nobody can be asked for them."""
    try:
        namespace = str(stack.outputs().get("namespace", "brewget"))
        return backups.published(stack, cluster.context, namespace)
    except SetupError:
        return None
