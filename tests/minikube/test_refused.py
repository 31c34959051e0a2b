"""What cannot work is refused in one sentence with the next step, and nothing is changed."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lib.waiting import POD_READY, wait_for
from tests.minikube.stack import MAKE_FAILED, Stack


def refused(stack: Stack, command: str = "make up") -> str:
    """The sentence of a `make` that ended with an error, and nothing but that."""
    said = stack.project.run(command, status=MAKE_FAILED).output
    assert "Traceback" not in said
    (sentence,) = [line for line in said.splitlines() if line.startswith("error: ")]
    return sentence


@contextmanager
def unchanged(stack: Stack) -> Iterator[None]:
    """Neither the rows nor the sets nor the server's pod are others afterwards."""
    before = stack.add_row(), stack.project.sets(), stack.pods()
    yield
    assert (stack.now(), stack.project.sets(), stack.pods()) == before


def answers(stack: Stack) -> bool:
    """Whether the server can be asked."""
    ask = "kubectl -n brewget exec postgres-0 -c postgres -- pg_isready"
    return stack.project.run(ask, status=None).status == 0


def test_a_paused_cluster(stack: Stack) -> None:
    with unchanged(stack):
        stack.project.cluster("pause")
        try:
            sentence = refused(stack)
        finally:
            stack.project.cluster("unpause")
            # kubelet begins anew: for a moment nobody gets into a pod.
            wait_for("the server", lambda: answers(stack), POD_READY)
    assert "the cluster 'minikube' is paused: `minikube --profile minikube unpause`" in sentence


def test_a_kubeconfig_without_the_context(stack: Stack) -> None:
    with unchanged(stack):
        sentence = refused(stack, "KUBECONFIG=$HOME/of-somebody-else make up")
    assert "`minikube --profile minikube update-context`" in sentence


def test_docker_without_permission(stack: Stack) -> None:
    person = stack.project
    with unchanged(stack):
        done = person.machine.outsider("cd ~/brewget && make up", status=MAKE_FAILED)
    assert "Traceback" not in done.output
    (sentence,) = [line for line in done.output.splitlines() if line.startswith("error: ")]
    assert "may you use it? `docker info`" in sentence


def test_another_directory_of_backups_than_the_mounted_one(stack: Stack) -> None:
    with unchanged(stack):
        sentence = refused(stack, "BACKUP_DIR=$HOME/elsewhere make up")
    assert "was made with the mount /home/dev/brewget-postgres-backups:/mnt/data/" in sentence
    assert "`BACKUP_DIR=/home/dev/brewget-postgres-backups make up`" in sentence
    assert "`minikube --profile minikube delete`" in sentence
    assert not (stack.mount.parent / "elsewhere").exists()


def test_a_console_that_cannot_be_built(stack: Stack) -> None:
    """minikube calls the build good; the image is looked for, and the one of before runs on."""
    person, pods = stack.project, stack.pods()
    base = "python:3.11-slim"
    person.run("echo '# other sources, another image' >>console/app.py")
    person.cluster(f"ssh -- 'docker tag {base} kept && docker rmi {base}'")
    try:
        said = person.run("make up").output
    finally:
        person.run("git checkout --quiet console/app.py")
        person.cluster(f"ssh -- 'docker tag kept {base} && docker rmi kept'")
    assert "the console keeps its previous image: `minikube --profile minikube image build" in said
    assert "has made no image, see above" in said
    assert stack.pods() == pods, "no pod waits for an image that nobody makes"
