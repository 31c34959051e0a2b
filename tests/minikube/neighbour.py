"""The other minikube of the machine's user: active, current, and none of this project's business."""

from tests.minikube.person import Person

PROFILE = "other"


class Neighbour:
    """A profile that a person works with, and which must stay as it is."""

    def __init__(self, person: Person) -> None:
        """Starts nothing."""
        self._machine = person.machine

    def start(self) -> None:
        """Starts it; it becomes minikube's active profile and kubectl's current context."""
        self._machine.user(f"minikube start --profile {PROFILE}")
        self.choose()

    def choose(self) -> None:
        """Makes it the active one, which minikube forgets when any other is deleted."""
        self._machine.user(f"minikube profile {PROFILE}")

    def active(self) -> str:
        """The profile that a plain `minikube` would mean."""
        return self._machine.user("minikube profile").stdout.split()[-1]

    def identity(self) -> tuple[str, str]:
        """Its container with the time of its start, and its cluster."""
        node = f"docker inspect --format '{{{{.Id}}}} {{{{.State.StartedAt}}}}' {PROFILE}"
        uid = "get namespace kube-system --output=jsonpath={.metadata.uid}"
        return (
            self._machine.user(node).stdout,
            self._machine.user(f"kubectl --context {PROFILE} {uid}").stdout,
        )
