"""What a run of the program on mocks registered: plain values to compare with."""

from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Secret:
    """A value that Pulumi keeps encrypted."""

    value: Any


def plain(value: Any) -> Any:
    """`value` as a program wrote it; secrets are Secret, whole numbers int."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return Secret(plain(value["value"]))
        return {key: plain(below) for key, below in value.items()}
    if isinstance(value, list):
        return [plain(below) for below in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One resource."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    depends_on: list[str]
    protect: bool
    retain_on_delete: bool
    ignore_changes: list[str]
    replace_on_changes: list[str]
    hooks: dict[str, list[str]]
    timeouts: dict[str, str]
    aliases: list[dict[str, Any]]
    """As MessageToDict gives them: {'spec': {'name'?, 'type'?, 'parentUrn'?}} or {'urn': …}."""

    @property
    def kind(self) -> str:
        return self.type.rpartition(":")[2]

    def __getitem__(self, key: str) -> Any:
        return self.inputs[key]


@dataclass
class Recorder:
    """All of them, in the order of their registration."""

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    secret_exports: set[str] = field(default_factory=set)

    def add(self, urn: str, request: Any) -> None:
        """Keep a registration as the engine would see it."""
        hooks = MessageToDict(request.hooks) if request.HasField("hooks") else {}
        self.resources.append(
            Registered(
                urn=urn,
                type=request.type,
                name=request.name,
                inputs=plain(MessageToDict(request.object)),
                parent=request.parent,
                provider=request.provider,
                depends_on=sorted(request.dependencies),
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                ignore_changes=list(request.ignoreChanges),
                replace_on_changes=list(request.replaceOnChanges),
                hooks=hooks,
                aliases=[MessageToDict(alias) for alias in request.aliases],
                timeouts={
                    key: value
                    for key, value in MessageToDict(request.customTimeouts).items()
                    if value
                },
            )
        )

    def all(self, kind: str) -> list[Registered]:
        """Every resource of a kind such as CronJob."""
        return [resource for resource in self.resources if resource.kind == kind]

    def one(self, kind: str, name: str | None = None) -> Registered:
        """The one of a kind, or the one whose Kubernetes or logical name is `name`."""
        found = [
            resource
            for resource in self.all(kind)
            if name in {None, resource.name, resource.inputs.get("metadata", {}).get("name")}
        ]
        assert len(found) == 1, f"{len(found)} of {kind} {name or ''}: {[r.name for r in found]}"
        return found[0]

    def urns(self, *kinds: str) -> set[str]:
        """URNs of all resources of these kinds."""
        return {resource.urn for kind in kinds for resource in self.all(kind)}

    def pods(self) -> dict[str, dict[str, Any]]:
        """Every pod template by the name of what runs it."""
        found = {}
        for resource in [*self.all("StatefulSet"), *self.all("CronJob")]:
            spec = resource["spec"]
            found[resource["metadata"]["name"]] = (
                spec["template"]
                if resource.kind == "StatefulSet"
                else spec["jobTemplate"]["spec"]["template"]
            )
        return found
