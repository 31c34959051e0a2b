"""A stack of the real Pulumi, a minikube of our own, and an image that `make up` switches on."""

from dataclasses import dataclass
from pathlib import Path

from bootstrap import switches
from bootstrap.built import Built
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children, variables
from bootstrap.place import Place, from_environment
from bootstrap.stack import Stack
from tests.bootstrap.minikube import Minikube

MINIKUBE = Cluster(Kind.MINIKUBE, "minikube")
NAMED = Cluster(Kind.NAMED, "work")


@dataclass
class Checkout:
    """What `make up` finds, and what it makes of it."""

    stack: Stack
    minikube: Minikube
    what: Built

    @classmethod
    def make(cls, place: Place, folder: Path, what: Built) -> "Checkout":
        """A stack in the place, which has the image's sources."""
        (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
        minikube = Minikube.install(folder / "bin")
        ours = {k: v for k, v in variables(place, MINIKUBE).items() if k != "PULUMI_HOME"}
        environment = for_children(from_environment(), MINIKUBE) | ours
        environment["PATH"] = f"{folder / 'bin'}:{environment['PATH']}"
        stack = Stack(place, environment)
        stack.select()
        return cls(stack, minikube, what)

    @property
    def bin(self) -> Path:
        """Where the stand-in is told how to fail."""
        return self.minikube.folder

    def prepare(self, cluster: Cluster = MINIKUBE) -> str:
        """Do it as `make up` does and return what it said."""
        said: list[str] = []
        switches.prepare(self.what, self.stack, cluster, said.append)
        return "\n".join(said)

    def set(self, *arguments: str) -> None:
        """As a person sets something."""
        self.stack.pulumi("config", "set", *arguments, "--stack", self.stack.place.stack)

    def builds(self) -> int:
        """How often an image was built."""
        assert {profile for profile, _ in self.minikube.asked()} <= {"minikube"}
        return sum(words.startswith("image build --tag") for _, words in self.minikube.asked())

    @property
    def is_on(self) -> bool:
        """Whether the stack is told to use it."""
        return switches.is_on(self.what, self.stack)

    @property
    def image(self) -> str:
        """What the stack names."""
        return self.stack.own(self.what.image)
