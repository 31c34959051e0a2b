"""A stand-in for minikube that understands its words as the real one does (1.37), profiles above all.

Without a name it takes the active profile, which is somebody else's here. It keeps what it was asked,
and writes its context into the first file of KUBECONFIG, as the real one does. A node of docker has the
mount that it was made with, and a build that failed ends with 0.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
file = here / f"{{profile}}.profile"
known = json.loads(file.read_text()) if file.exists() else None


def save():
    file.write_text(json.dumps(known))


match words:
    case ["profile", "list", "--light", "--output=json"]:
        found = {{path.stem: json.loads(path.read_text()) for path in here.glob("*.profile")}}
        names = sorted(found)
        valid = [{{"Name": name, "Status": "Skipped", "Config": found[name]["config"]}} for name in names]
        print(json.dumps({{"invalid": [], "valid": valid}}))
    case ["status", "--output=json"]:
        if known is None:
            print(f'* Profile "{{profile}}" not found. Run "minikube profile list" to view all profiles.')
            sys.exit(85)
        status = known["status"]
        if (here / "denied").exists() or status["Host"] == "Nonexistent":
            why = "permission denied" if (here / "denied").exists() else "No such container: x"
            print(f"status error: host: state: unknown state: {{why}}", file=sys.stderr)
            print("null")
            sys.exit()
        print(json.dumps({{"Name": profile, "Worker": False}} | status))
        sys.exit((status["Host"] != "Running") | 2 * (status["APIServer"] != "Running"))
    case ["start", *flags]:
        if (here / "denied").exists():
            sys.exit(69)
        mounts = [flag.partition("=")[2] for flag in flags if flag.startswith("--mount-string=")]
        if known is None:
            known = {{"config": {{"Driver": "docker", "ContainerVolumeMounts": mounts or None}}}}
        config = known["config"]
        config |= {{"Mount": bool(mounts), "MountString": "".join(mounts)}}
        old = config.get("ContainerVolumeMounts") or []
        if config["Driver"] == "docker" and mounts and mounts != old:
            save()
            print(f"X Exiting due to GUEST_MOUNT_CONFLICT: previous mount: {{old}}", file=sys.stderr)
            sys.exit(81)
        known["status"] = dict.fromkeys(("Host", "Kubelet", "APIServer"), "Running")
        save()
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
    case ["stop"]:
        known["status"] = dict.fromkeys(("Host", "Kubelet", "APIServer"), "Stopped")
        save()
    case ["delete"]:
        file.unlink()
    case ["ssh", "--", script]:
        path = script.split("'")[1]
        if known["config"]["Driver"] == "docker":
            mounts = known["config"].get("ContainerVolumeMounts") or []
        else:
            mounts = [known["config"]["MountString"]]
        for mount in mounts:
            host, _, guest = mount.partition(":")
            if path.startswith(guest + "/") and Path(host + path.removeprefix(guest)).exists():
                print("there\\r")
                sys.exit()
        print("nothing\\r")
    case ["image", "build", "--tag", tag, _]:
        if (here / "slow").exists():
            time.sleep(60)
        if (here / "broken").exists():
            print("ERROR: failed to build: failed to solve", file=sys.stderr)
            sys.exit()
        with (here / "built").open("a") as built:
            built.write(tag + "\\n")
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
        found = cls(folder)
        found.has(ACTIVE)
        return found

    def has(
        self, profile: str, *, driver: str = "docker", mount: str = "", api: str = "Running"
    ) -> None:
        """Make a profile as somebody's own `minikube start` would have."""
        mounts = {"ContainerVolumeMounts": [mount] if mount else None}
        config = {"Driver": driver, "Mount": bool(mount), "MountString": mount}
        host = "Running" if api in ("Running", "Paused") else api
        status = {"Host": host, "Kubelet": api, "APIServer": api}
        known = {"config": config | (mounts if driver == "docker" else {}), "status": status}
        self._file(profile).write_text(json.dumps(known))

    def known(self, profile: str) -> dict[str, Any]:
        """All there is of a profile; empty where there is none."""
        file = self._file(profile)
        found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def _file(self, profile: str) -> Path:
        return self.folder / f"{profile}.profile"

    def asked(self) -> list[tuple[str, str]]:
        """Profile and words of each call so far, but for the list of all profiles."""
        log = self.folder / "asked"
        calls = map(json.loads, log.read_text().splitlines()) if log.exists() else []
        asked = [(call["profile"], " ".join(call["words"])) for call in calls]
        return [(profile, words) for profile, words in asked if not words.startswith("profile ")]

    def runs(self, profile: str) -> bool:
        """Whether a cluster is up."""
        return bool(self.known(profile)) and self.known(profile)["status"]["Host"] == "Running"
