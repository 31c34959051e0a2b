"""The steps that put programs into place: the same for `make up` and `make test`."""

import shutil
from contextlib import AbstractContextManager
from functools import partial

from bootstrap import building, clusters, preflight, pulumi_cli, scanners
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children
from bootstrap.place import Place
from bootstrap.progress import Step, Steps
from localcluster import binary
from toolchain import archiving, gobuild, minikube, packages, postgresql, released, userland
from toolchain.locking import exclusive

NODE_STEPS = 4
TEST_STEPS = 1
MINIKUBE_STEPS = 1
PULUMI_STEPS = 2
SCANNER_STEPS = 3

KUBECTL = "https://dl.k8s.io/release"


def prepare_pulumi(place: Place, cluster: Cluster, steps: Steps) -> None:
    """The command line, then the plugins that the program's packages ask for."""
    with steps.step("Pulumi command line") as step, _locked(place, step):
        step.outcome = _pulumi(place, step)
    with steps.step("Pulumi plugins") as step, _locked(place, step):
        step.outcome = _plugins(place, cluster, step)


def prepare_node(place: Place, steps: Steps, *, for_tests: bool = False) -> None:
    """What the local cluster is made of, and with `for_tests` what its tests use besides."""
    with steps.step("Debian packages") as step:
        missing = preflight.missing_packages(for_tests=for_tests)
        step.outcome = f"installed {' '.join(missing)}" if missing else "already there"
        if missing:
            why = packages.reasons(preflight.wanted(for_tests=for_tests))
            step.say(f"apt-get installs what is missing here: {why}")
            packages.install(missing, place.tools / "apt.log")
    with steps.step(f"PostgreSQL {postgresql.VERSION} programs") as step, _locked(place, step):
        step.outcome = "unpacked" if postgresql.ensure(place.root) else "already there"
    with steps.step("Userland of the official image") as step, _locked(place, step):
        step.outcome = "built" if userland.ensure(place.root, step.say) else "already there"
    with steps.step("Kubernetes") as step, _locked(place, step):
        step.outcome = _kubernetes(step)
    if for_tests:
        with steps.step("pgBackRest, restic and age") as step:
            is_new = archiving.ensure(place.root, step.say)
            step.outcome = "unpacked" if is_new else "already there"


def lacks_minikube(place: Place, cluster: Cluster) -> bool:
    """Whether minikube or kubectl have to be had first."""
    is_wanted = cluster.kind is Kind.MINIKUBE
    return is_wanted and not all(_is_installed(place, name) for name in ("minikube", "kubectl"))


def _is_installed(place: Place, name: str) -> bool:
    """By somebody else: our own are looked at each time, as another version may be due."""
    return shutil.which(name, path=clusters.path_without(place.own_cluster_programs)) is not None


def prepare_minikube(place: Place, steps: Steps) -> None:
    """minikube and kubectl, where nobody has installed them."""
    with steps.step("minikube") as step:
        outcomes = []
        if not _is_installed(place, "minikube"):
            outcomes.append(minikube.ensure(place.root, step.say, partial(step.report, "minikube")))
        if not _is_installed(place, "kubectl"):
            with _locked(place, step):
                outcomes.append(_kubectl(place, step))
        step.outcome = ", ".join(outcomes)


def _kubectl(place: Place, step: Step) -> str:
    """The official one, else the one that is a part of the local cluster's program."""
    system, processor = released.machine()
    address = f"{KUBECTL}/v{binary.KUBERNETES}/bin/{system}/{processor}/kubectl"
    target = place.own_cluster_programs / "kubectl"
    if released.is_there(address, target):
        return "already there"
    # Where it was built once, the official one was out of reach, and is not asked for again.
    if not binary.KUBECTL.exists():
        if released.fetch(address, target):
            return f"official kubectl {binary.KUBERNETES}"
        step.say("the official kubectl cannot be downloaded: building it from Go modules")
    return _kubernetes(step)  # whose kubectl lies on our own PATH


def prepare_scanners(place: Place, steps: Steps) -> None:
    """What the tests hold manifests against, what enforces their rules, and an S3 server."""
    with steps.step("Manifest scanner") as step, _locked(place, step):
        step.outcome = "built" if scanners.build_kubeconform(place.root) else "already there"
    with steps.step("NetworkPolicy enforcer") as step, _locked(place, step):
        step.outcome = "built" if scanners.build_kube_router(place.root) else "already there"
    with steps.step("S3 server") as step, _locked(place, step):
        step.outcome = "built" if scanners.build_versitygw(place.root) else "already there"


def _locked(place: Place, step: Step) -> AbstractContextManager[None]:
    return exclusive(place.tools / ".lock", step.say)


def _pulumi(place: Place, step: Step) -> str:
    pulumi_cli.keep_no_log(place)
    if found := pulumi_cli.usable_on_path(place):
        return f"{found}"
    if not pulumi_cli.is_built(place):
        if (place.bin / "pulumi").is_file():
            return "already there"
        if pulumi_cli.download(place):
            return f"downloaded {pulumi_cli.VERSION}"
        step.say("the official one cannot be downloaded: building it from Go modules")
        building.require(place)
    is_new = pulumi_cli.build(place, lambda progress: step.report("pulumi", progress))
    return f"built {pulumi_cli.VERSION}" if is_new else "already there"


def _plugins(place: Place, cluster: Cluster, step: Step) -> str:
    environment = for_children(place, cluster)
    # Where pulumi itself could not be downloaded, its plugins cannot be either.
    is_official = not pulumi_cli.is_built(place) and not pulumi_cli.has_own_plugins(place)
    if is_official and pulumi_cli.download_plugins(place, environment):
        return "official"
    is_new = pulumi_cli.build_plugins(place, environment, step.report)
    return "built" if is_new else "already there"


def _kubernetes(step: Step) -> str:
    is_new = gobuild.build(
        binary.MODULE,
        ".",
        binary.NODE,
        ldflags=binary.LDFLAGS,
        report=lambda progress: step.report("kubernetes", progress),
    )
    is_new |= binary.build_node()
    return f"built {binary.KUBERNETES}" if is_new else "already there"
