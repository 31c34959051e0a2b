"""`GET /api/v1/status`: the verdict for programs, from the same judge as the page.

One problem a line, so that a shell script can read it: scripts/status-postgres.sh does.
"""

import json
import time
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console import budgets, safety, views
from console.archive import Archive, Copies
from console.budgets import Budget
from console.facts import Watcher
from console.problem import Facts, Problem
from console.safety import Verdict
from console.security import Doors
from console.sets import Picture

VERSION = 1
PATH = "/api/v1/status"


def route(watcher: Watcher, doors: Doors) -> Route:
    """For users of the page, and for programs that send the token."""

    def now() -> bytes:
        moment = time.time()
        facts = watcher.look(moment)
        text = as_json(facts, safety.judge(facts, moment), moment)
        return text.encode(errors="replace")

    async def endpoint(request: Request) -> Response:
        if doors.user(request) is None and doors.bearer(request) is None:
            return JSONResponse(
                {"error": "send the console's token: Authorization: Bearer TOKEN"},
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        return Response(await run_in_threadpool(now), media_type="application/json")

    return Route(PATH, endpoint)


def as_json(facts: Facts, verdict: Verdict, now: float) -> str:
    """In this order, and by line."""
    newest, verified = facts.store.newest(), facts.store.newest(verified=True)
    head = {
        "version": VERSION,
        "time": views.iso(now),
        "level": verdict.level.name.lower(),
        "headline": verdict.headline,
        "newest": newest.name if newest else None,
        "verified": verified.name if verified else None,
        "encrypted": _encrypted(facts.store),
        "recovery": [_budget(each) for each in budgets.view(facts, now)],
    }
    problems = ",\n".join(_line(_problem(each)) for each in verdict.problems)
    archive = _line(_archive(facts.archive) if facts.archive else None)
    return f'{_line(head)[:-1]},\n"archive": {archive},\n"problems": [\n{problems}\n]}}\n'


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _problem(problem: Problem) -> Mapping[str, object]:
    return {
        "code": problem.code,
        "level": problem.level.name.lower(),
        "text": problem.text,
        "next": problem.next,
        "subject": problem.subject,
    }


def _encrypted(store: Picture) -> Mapping[str, object] | None:
    if not store.encrypted:
        return None
    return {"sets": len(store.encrypted), "escrow_checked": _time(store.escrow_checked)}


def _budget(found: Budget) -> Mapping[str, object]:
    return {
        "budget": found.name,
        "state": found.state,
        "limit_seconds": found.seconds,
        "measured_seconds": found.measured,
        "text": found.why,
    }


def _archive(archive: Archive) -> Mapping[str, object]:
    position = archive.position
    return {
        "from": _time(archive.start),
        "to": _time(archive.end),
        "why": archive.why,
        "written": _time(position.time) if position else None,
        "canary": _time(position.canary) if position else None,
        "behind_bytes": position.behind_bytes if position else None,
        "slot": position.slot if position else None,
        "streaming": position.is_streaming if position else None,
        "repositories": [_repository(archive, name) for name in archive.repositories],
        "sets_offsite": _copies(archive.copies) if archive.copies else None,
    }


def _repository(archive: Archive, name: str) -> Mapping[str, object]:
    position, drill = archive.position, archive.drills.get(name)
    return {
        "name": name,
        "backup": _time(position.backups.get(name)) if position else None,
        "waiting_segments": position.waiting.get(name) if position else None,
        "drill": {
            "ok": drill.is_good,
            "time": _time(drill.time),
            "seconds": drill.seconds,
            "why": drill.why,
        }
        if drill
        else None,
    }


def _copies(copies: Copies) -> Mapping[str, object]:
    return {
        "ok": copies.is_good,
        "time": _time(copies.time),
        "set": copies.newest,
        "sets": copies.kept,
        "seconds": copies.seconds,
        "why": copies.why,
    }


def _time(moment: float | None) -> str | None:
    return None if moment is None else views.iso(moment)
