"""Runs the program, or a piece of it, on mocks to its end, and keeps what was registered."""

import asyncio
import gc
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto.resource_pb2 import RegisterResourceResponse
from pulumi.runtime.settings import SETTINGS, get_root_resource
from pulumi.runtime.stack import run_pulumi_func

from components.cluster.kubectl import Kubectl
from components.console import admission, prometheus
from tests.lib.settings import as_set
from tests.unit.recorder import Recorder

ROOT = Path(__file__).resolve().parents[2]
OTHER_IMAGE = "registry.local:5000/team/postgres:16.14"
Deploy = Callable[..., Recorder]


_STASHED: dict[str, Any] = {}
_RUNS: dict[str, Recorder] = {}  # the whole program takes a second: tests only read what it made


class _NoCalls(Mocks):
    """The program asks no provider for anything: previews would do the same."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise AssertionError(f"the monitor below answers for {args.name}")

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"the program asked a provider: {args.token}")


class _Monitor(MockMonitor):
    """Keeps each registration whole, as opts are only visible here, and answers it.

    It answers in protobuf alone: the original's way needs an event loop in each of its threads
    and leaves them open.
    """

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(_NoCalls())
        self.recorder = recorder

    def RegisterResource(self, request: Any) -> RegisterResourceResponse:  # noqa: N802 (gRPC's name)
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return RegisterResourceResponse(urn=urn)
        self.recorder.add(urn, request)
        state = Struct()
        state.CopyFrom(request.object)
        _complete(request, state)
        return RegisterResourceResponse(urn=urn, id=f"{request.name}-id", object=state)


def _complete(request: Any, state: Struct) -> None:
    """What a provider would add to the inputs."""
    if request.type.startswith("kubernetes:") and "metadata" in state:
        metadata: Any = state["metadata"]
        if "metadata.name" in request.ignoreChanges and request.name in _STASHED:
            metadata["name"] = _STASHED[request.name]  # as the engine has it of a living object
        metadata.update({"uid": f"uid-{request.name}", "generation": 1})
    if request.type == "command:local:Command":
        state["stdout"] = f"request\nstdout of {request.name}"
    if request.type == "pulumi:index:Stash":
        if request.name in _STASHED:
            state["output"] = _STASHED[request.name]
        else:
            state.fields["output"].CopyFrom(request.object.fields["input"])


def _run(body: Callable[[], object], config: dict[str, str], secret: set[str]) -> Recorder:
    recorder = Recorder()

    def program() -> None:
        body()

    async def main() -> None:
        SETTINGS.outputs.clear()  # of a run that was refused halfway
        pulumi.runtime.set_mocks(
            _NoCalls(), project="brewget", stack="test", monitor=_Monitor(recorder)
        )
        pulumi.runtime.set_all_config(
            {f"brewget:{key}": value for key, value in config.items()},
            [f"brewget:{key}" for key in secret],
        )
        await run_pulumi_func(program)
        for name, value in get_root_resource().outputs.items():  # type: ignore[union-attr]
            output = pulumi.Output.from_input(value)
            recorder.exports[name] = await output.future()
            if await output.is_secret():
                recorder.secret_exports.add(name)

    asyncio.run(main())  # a loop of its own: nothing of one test is left for the next
    return recorder


def pytest_sessionfinish() -> None:
    """What refused runs have left goes now: within a parser's work it would end CPython 3.11
    (python/cpython#106905), as pytest imports hypothesis for its summary."""
    gc.collect()


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig with the contexts minikube and other."""
    path = tmp_path / "kubeconfig"
    path.write_text("contexts: [{name: minikube}, {name: other}]\n")
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


@pytest.fixture
def deploy(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """`deploy(body)` runs a piece of the program, `deploy(**config)` the whole of it."""
    assert kubeconfig.exists()
    monkeypatch.chdir(ROOT)  # as the Pulumi command line does
    monkeypatch.setattr(Kubectl, "get", lambda *_: [])  # a cluster with nothing in it
    monkeypatch.setattr(admission, "is_possible", lambda _: True)
    monkeypatch.setattr(prometheus, "is_possible", lambda _: True)

    def run(
        body: Callable[[], object] | None = None,
        config: dict[str, str] | None = None,
        secret: dict[str, str] | None = None,
        stashed: dict[str, Any] | None = None,
        dotted: dict[str, str] | None = None,
    ) -> Recorder:
        """Settings in `dotted` are spelt as before: one name with dots in it."""
        wanted = repr((config, secret, stashed, dotted))
        if body is None and wanted in _RUNS:
            return _RUNS[wanted]
        _STASHED.clear()
        _STASHED.update(stashed or {})
        program = body or (lambda: runpy.run_path(str(ROOT / "__main__.py")))
        given = as_set((config or {}) | (secret or {})) | (dotted or {})
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in given.items()}
        # What the language host hands on, from which names that are not settings are seen.
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps({f"brewget:{k}": texts[k] for k in texts}))
        # Pulumi calls a whole group secret when one of its values is.
        recorder = _run(program, texts, {key.partition(".")[0] for key in secret or {}})
        if body is None:
            _RUNS[wanted] = recorder
        return recorder

    return run


@pytest.fixture(name="stack")
def _stack(deploy: Deploy) -> Recorder:
    """The default stack, but for values that a hard-coded default would betray."""
    return deploy(
        config={
            "namespace": "ales",
            "postgres.image": OTHER_IMAGE,
            "postgres.databases": '["ale", "stout_log"]',
            "backup.schedule": "5 4 * * *",
            "backup.keep": "7",
            "backup.keepDaily": "6",
            "backup.keepWeekly": "5",
            "backup.keepMonthly": "4",
            "backup.timeZone": "Europe/Berlin",
            "postgres.resources.memory": "640Mi",
        }
    )
