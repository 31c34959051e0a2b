"""A stand-in for minikube that understands its words as the real one does (1.37), profiles above all.

Without a name it takes the active profile, which is somebody else's here. It keeps what it was asked,
and writes its context into the first file of KUBECONFIG, as the real one does.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

ACTIVE = "other"
"""The profile that a person has made the active one: `minikube profile other`."""

PROGRAM = f"""#!{sys.executable} -S
import json, os, sys, time
from pathlib import Path

here, words, profile = Path(__file__).parent, [], os.environ.get("MINIKUBE_PROFILE", "{ACTIVE}")
given = iter(sys.argv[1:])
for word in given:
    if word in ("-p", "--profile"):
        profile = next(given)
    elif word.startswith(("-p=", "--profile=")):
        profile = word.partition("=")[2]
    else:
        words.append(word)
kubeconfig = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube/config")
with (here / "asked").open("a") as asked:
    asked.write(json.dumps({{"profile": profile, "words": words}}) + "\\n")
running = here / f"{{profile}}.running"
match words:
    case ["status"]:
        sys.exit(0 if running.exists() else 85)
    case ["start", *_]:
        running.touch()
        config = Path(next(path for path in kubeconfig.split(":") if path))
        found = json.loads(config.read_text()) if config.exists() else {{}}
        for kind, body in (
            ("clusters", {{"cluster": {{"server": f"https://{{profile}}.test:8443"}}}}),
            ("users", {{"user": {{"token": "t"}}}}),
            ("contexts", {{"context": {{"cluster": profile, "user": profile}}}}),
        ):
            found[kind] = [x for x in found.get(kind, []) if x["name"] != profile]
            found[kind].append({{"name": profile}} | body)
        config.write_text(json.dumps(found | {{"current-context": profile}}))
    case ["stop"] | ["delete"]:
        running.unlink(missing_ok=True)
    case ["image", "build", *_]:
        if (here / "slow").exists():
            time.sleep(60)
        if (here / "broken").exists():
            sys.exit(3)
        (here / "built").write_text(words[words.index("--tag") + 1])
    case ["image", "ls"]:
        print((here / "built").read_text() if (here / "built").exists() else "")
    case _:
        sys.exit(64)
"""


@dataclass(frozen=True)
class Minikube:
    """The stand-in in `folder`, which belongs first on PATH."""

    folder: Path

    @classmethod
    def install(cls, folder: Path) -> "Minikube":
        """Nothing runs yet but the other profile."""
        folder.mkdir()
        program = folder / "minikube"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        (folder / f"{ACTIVE}.running").touch()
        return cls(folder)

    def asked(self) -> list[tuple[str, str]]:
        """Profile and words of each call so far."""
        log = self.folder / "asked"
        calls = map(json.loads, log.read_text().splitlines()) if log.exists() else []
        return [(call["profile"], " ".join(call["words"])) for call in calls]

    def runs(self, profile: str) -> bool:
        """Whether a cluster is up."""
        return (self.folder / f"{profile}.running").exists()
