"""The stack on the real minikube, and what the tests hold against it afterwards."""

from dataclasses import dataclass

from tests.lib.world import NAMESPACE, World

TABLE = "kept"
MAKE_FAILED = 2
"""make's exit status when a recipe failed."""


@dataclass(frozen=True)
class Before:
    """What there was, and which server held it."""

    rows: str
    server: str


class Stack(World):
    """As on the local cluster, but brought up by `make up`, and read by psql in the pod."""

    def ensure_up(self) -> None:
        """Bring the stack up again where the test before left it down."""
        if not self.pod_ready():
            self.project.run("make up")
            self.wait_ready()

    def add_row(self) -> Before:
        """One row more than ever before, in no set yet."""
        self.psql(f"CREATE TABLE IF NOT EXISTS {TABLE} (id bigserial, at timestamptz)")
        self.psql(f"INSERT INTO {TABLE} (at) VALUES (now())")
        return self.now()

    def now(self) -> Before:
        """What there is."""
        rows = self.psql(
            f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM {TABLE} t"
        )
        return Before(rows, self.system_identifier())

    def pods(self) -> str:
        """Every pod's identity and how often its containers were started."""
        columns = "U:.metadata.uid,R:.status.containerStatuses[*].restartCount"
        return self.project.kubectl(
            f"-n {NAMESPACE} get pods --field-selector=status.phase=Running -o custom-columns={columns}"
        )
