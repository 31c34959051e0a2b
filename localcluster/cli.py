"""The command line: minikube's verbs."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from localcluster import binary, images, lifecycle, logs, recipes
from localcluster.layout import DEFAULT_PROFILE, Layout, find
from localcluster.status import State, inspect
from toolchain.errors import SetupError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb and returns the exit status."""
    chosen = _parser().parse_args(arguments)
    verb: Callable[[Layout, argparse.Namespace], int] = chosen.run
    try:
        return verb(find(chosen.profile), chosen)
    except SetupError as error:
        say(f"localcluster: {error}")
        return 1
    except KeyboardInterrupt:
        say("localcluster: interrupted; `start` goes on from here")
        return 130


def say(text: str) -> None:
    """Progress and errors; stdout is for what was asked for."""
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localcluster", description="A one-node Kubernetes on this machine."
    )
    parser.add_argument("--profile", "-p", default=DEFAULT_PROFILE, help="which cluster")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    start = verbs.add_parser("start", help="bring the cluster up; nothing happens where it is up")
    start.add_argument("--mount-string", metavar="HOST:GUEST", help="a directory of this machine")
    start.add_argument("--mount", action="store_true", help="accepted, as minikube wants it")
    start.set_defaults(run=_start)
    for name, action, text in (
        ("stop", lifecycle.stop, "end the node, keep its data"),
        ("power-off", lifecycle.power_off, "end the node as a power cut would"),
        ("delete", lifecycle.delete, "remove the cluster; host mounts keep their content"),
    ):
        verbs.add_parser(name, help=text).set_defaults(run=_changing(action))
    status = verbs.add_parser("status", help="what state the cluster is in; 0 where it runs")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    kubectl = verbs.add_parser("kubectl", help="kubectl for this cluster", add_help=False)
    kubectl.add_argument("arguments", nargs=argparse.REMAINDER)
    kubectl.set_defaults(run=_kubectl)
    show_logs = verbs.add_parser("logs", help="the ends of all logs, or one component's whole log")
    show_logs.add_argument("component", nargs="?")
    show_logs.set_defaults(run=_logs)
    _add_image(verbs.add_parser("image", help="build, load and list images"))
    return parser


def _add_image(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    build = verbs.add_parser("build", help="build DIR/Dockerfile, keep and load the image")
    build.add_argument("tag")
    build.add_argument("directory", type=Path)
    build.set_defaults(run=_image_build)
    make = verbs.add_parser("make", help="build and load an optional image of this project")
    make.add_argument("name", choices=sorted(recipes.WANTED))
    make.add_argument("--base", help="of tools: the server's image that it is built on")
    make.set_defaults(run=_image_make)
    load = verbs.add_parser("load", help="load an OCI archive into the running node")
    load.add_argument("archive", type=Path)
    load.set_defaults(run=_image_load)
    verbs.add_parser("ls", help="the node's images").set_defaults(run=_image_ls)


def _start(layout: Layout, chosen: argparse.Namespace) -> int:
    lifecycle.start(layout, chosen.mount_string, say)
    return 0


def _changing(
    action: Callable[[Layout, Callable[[str], None]], None],
) -> Callable[[Layout, argparse.Namespace], int]:
    def run(layout: Layout, _: argparse.Namespace) -> int:
        action(layout, say)
        return 0

    return run


def _status(layout: Layout, chosen: argparse.Namespace) -> int:
    found = inspect(layout)
    if chosen.json:
        sys.stdout.write(json.dumps(found.as_json(), indent=2) + "\n")
    else:
        sys.stdout.write(f"{found.profile}: {found.state} ({found.why})\n")
    return 0 if found.state is State.RUNNING else 1


def _kubectl(layout: Layout, chosen: argparse.Namespace) -> int:
    if not layout.kubeconfig.exists():
        raise SetupError(f"there is no cluster {layout.profile}: start it first")
    arguments = [str(binary.KUBECTL), f"--kubeconfig={layout.kubeconfig}", *chosen.arguments]
    sys.stdout.flush()
    os.execv(binary.KUBECTL, arguments)  # noqa: S606 - its input, output and status are ours


def _logs(layout: Layout, chosen: argparse.Namespace) -> int:
    if chosen.component:
        logs.show(layout, chosen.component, sys.stdout)
    else:
        logs.show_ends(layout, sys.stdout)
    return 0


def _image_build(layout: Layout, chosen: argparse.Namespace) -> int:
    archive = images.build(chosen.tag, chosen.directory)
    say(f"built {images.full_name(chosen.tag)}, kept in {archive}")
    if inspect(layout).state is State.RUNNING:
        images.load(layout, archive)
        say(f"loaded into {layout.profile}")
    return 0


def _image_make(layout: Layout, chosen: argparse.Namespace) -> int:
    recipe = recipes.WANTED[chosen.name]
    if chosen.base:
        if chosen.name != "tools":
            raise SetupError(f"--base is of tools alone: {chosen.name} is built on one of its own")
        recipe = recipes.tools(chosen.base)
    if recipes.build(recipe):
        say(f"built {recipe.tag}")
    if chosen.name in recipes.TAGGED_BY_SOURCES:
        recipes.remove_older(recipe)
    if inspect(layout).state is State.RUNNING:
        images.load_changed(layout, recipe.archive)
    return 0


def _image_load(layout: Layout, chosen: argparse.Namespace) -> int:
    images.load(layout, chosen.archive)
    return 0


def _image_ls(layout: Layout, _: argparse.Namespace) -> int:
    sys.stdout.write("".join(f"{name}\n" for name in images.names(layout)))
    return 0
