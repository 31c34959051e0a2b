"""Jobs and CronJobs as the API describes them, reduced to what the console needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from console.wishes import BACKUP, REQUEST, VERIFY, Action, Wish, read_wish


class Phase(StrEnum):
    """How far a Job is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CronJob:
    """A schedule and what became of it."""

    name: str
    schedule: str
    zone: str
    is_suspended: bool
    created: float
    last_schedule: float | None
    environment: Mapping[str, str] = field(default_factory=dict)
    """What its container is told, as far as it is plain text."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run."""

    name: str
    action: Action
    phase: Phase
    created: float
    finished: float | None
    why: str = ""
    request: Wish | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return None if self.finished is None else max(0.0, self.finished - self.created)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the API said, or why it did not; jobs are newest first."""

    why: str = ""
    """Empty when it answered."""
    cron_jobs: tuple[CronJob, ...] = ()
    jobs: tuple[Job, ...] = ()

    @property
    def is_reachable(self) -> bool:
        """Whether the rest means anything."""
        return not self.why

    def cron_job(self, name: str) -> CronJob | None:
        """A CronJob by its name."""
        return next((each for each in self.cron_jobs if each.name == name), None)

    def last_finished(self, action: Action) -> Job | None:
        """The newest run of this kind that came to an end."""
        ended = (job for job in self.jobs if job.phase is not Phase.RUNNING)
        return next((job for job in ended if job.action is action), None)


def cron_job(found: Mapping[str, Any]) -> CronJob:
    """A CronJob out of the API's object."""
    spec, status = found["spec"], found.get("status", {})
    return CronJob(
        name=found["metadata"]["name"],
        schedule=spec["schedule"],
        zone=spec.get("timeZone") or "UTC",
        is_suspended=bool(spec.get("suspend")),
        created=_seconds(found["metadata"]["creationTimestamp"]) or 0.0,
        last_schedule=_seconds(status.get("lastScheduleTime")),
        environment=_environment(spec),
    )


def _environment(spec: Mapping[str, Any]) -> dict[str, str]:
    """Only shown: what is not as expected says nothing."""
    try:
        found = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0].get("env") or []
        return {each["name"]: each["value"] for each in found if isinstance(each.get("value"), str)}
    except (KeyError, IndexError, TypeError, AttributeError):
        return {}


def job(found: Mapping[str, Any]) -> Job | None:
    """A Job out of the API's object; None where it is not one of this project's."""
    metadata, status = found["metadata"], found.get("status", {})
    request = read_wish(metadata.get("annotations", {}).get(REQUEST))
    action = request.action if request else _action(metadata)
    if action is None:
        return None
    phase, why, finished = Phase.RUNNING, "", None
    for condition in status.get("conditions", []):
        if condition.get("status") == "True" and condition.get("type") in {"Complete", "Failed"}:
            phase = Phase.DONE if condition["type"] == "Complete" else Phase.FAILED
            why = "" if phase is Phase.DONE else str(condition.get("message", ""))
            finished = _seconds(condition.get("lastTransitionTime"))
    created = _seconds(metadata["creationTimestamp"]) or 0.0
    return Job(metadata["name"], action, phase, created, finished, why, request)


def _action(metadata: Mapping[str, Any]) -> Action | None:
    """By the owner, and for what the scripts start by the name that they give."""
    owners = {owner.get("name") for owner in metadata.get("ownerReferences", [])}
    if not owners & {BACKUP, VERIFY}:
        return None
    for action in (Action.RESTORE, Action.PIN, Action.ESCROW):
        if metadata["name"].startswith(f"postgres-{action}-"):
            return action
    return Action.VERIFY if VERIFY in owners else Action.BACKUP


def pods_words(pods: Sequence[Mapping[str, Any]]) -> str:
    """Why a Job's pod does not run, in the cluster's words; empty where it does."""
    said = []
    for pod in pods:
        status = pod.get("status", {})
        said += [
            c.get("message", "") for c in status.get("conditions", []) if c.get("status") == "False"
        ]
        for container in status.get("containerStatuses", []):
            waiting = container.get("state", {}).get("waiting", {})
            said.append(f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip())
    return "; ".join(dict.fromkeys(word for word in said if word))


def failed_first(pod: Mapping[str, Any]) -> str:
    """The container that ended a pod before its own began, such as one without a key; or none."""
    ended = pod.get("status", {}).get("initContainerStatuses", [])
    failed = [c["name"] for c in ended if c.get("state", {}).get("terminated", {}).get("exitCode")]
    return failed[0] if failed else ""


def _seconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except ValueError:
        return None


def by_age(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Newest first; the name decides between those of the same second."""
    return tuple(sorted(jobs, key=lambda each: (each.created, each.name), reverse=True))
