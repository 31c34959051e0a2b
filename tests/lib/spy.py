"""Looking at what every user of the machine can see of a running script: /proc."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Spy:
    """Samples command lines and environments of a session's processes for secrets."""

    secrets: list[str]
    found: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @property
    def processes(self) -> int:
        """Return how many processes were looked at."""
        return len(self.seen)

    def look(self, session: int) -> None:
        """Look once at every process of the session, and at throwaway servers that left it."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                status = (entry / "stat").read_text()
                if int(status.rpartition(")")[2].split()[3]) != session:
                    continue
                self._search(entry)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked

    def _search(self, entry: Path) -> None:
        self.seen.add(entry.name)
        for what in ("cmdline", "environ"):
            text = (entry / what).read_bytes().decode(errors="replace")
            for secret in self.secrets:
                if secret in text:
                    self.found.append(f"{what} of {(entry / 'cmdline').read_text()!r}")
