"""The pages that show: overview, a set, a restore to prepare, a job with its log."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console import budgets, following, history, safety, views, words
from console.cluster import ClusterError
from console.facts import Watcher
from console.problem import Code
from console.security import Doors, User
from console.sets import State
from console.settings import Settings
from console.wishes import Action

TEMPLATES = Path(__file__).resolve().parent / "templates"
SHOWN_SETS = 30
SHOWN_FAILED = 10
SHOWN_HISTORY = 60
Handler = Callable[[Request, User], Response]


class Pages:
    """Every page but /login is for users only."""

    def __init__(self, settings: Settings, watcher: Watcher, doors: Doors) -> None:
        self._settings, self._watcher, self._doors = settings, watcher, doors
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "size": words.size,
            "span": words.span,
            "utc": views.utc,
            "exact": views.exact,
            "iso": views.iso,
        }

    def routes(self) -> list[BaseRoute]:
        """What GET leads to."""
        return [
            Route("/", self._for_users(self._overview)),
            Route("/history", self._for_users(self._history)),
            Route("/sets/{name}", self._for_users(self._set)),
            Route("/sets/{name}/restore", self._for_users(self._restore)),
            Route("/moment", self._for_users(self._moment)),
            Route("/jobs/{name}", self._for_users(self._job)),
        ]

    def _for_users(self, handler: Handler) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            user = self._doors.user(request)
            if user is None:
                return RedirectResponse("/login", status_code=303)
            return await run_in_threadpool(handler, request, user)

        return endpoint

    def render(
        self, template: str, user: User | None, *, status: int = 200, **values: object
    ) -> Response:
        """A page out of a template."""
        common = {
            "name": self._settings.name,
            "user": user,
            "form_key": self._doors.form_key(user) if user else "",
            "namespace": self._settings.namespace,
        }
        text = self._templates.get_template(template).render(common | values)
        return HTMLResponse(text, status_code=status)

    def message(self, user: User | None, status: int, title: str, text: str) -> Response:
        """A page that only says something."""
        return self.render("message.html", user, status=status, title=title, text=text)

    async def not_found(self, request: Request, _: Exception) -> Response:
        """For any address that leads nowhere."""
        return self.message(self._doors.user(request), 404, "Not found", "There is no such page.")

    async def broken(self, _: Request, __: Exception) -> Response:
        """For a fault of our own, which the log shows."""
        return self.message(
            None, 500, "Something is wrong with this console",
            "Its log says what. Backups run without it.",
        )  # fmt: skip

    def _overview(self, request: Request, user: User) -> Response:
        now = time.time()
        facts = self._watcher.look(now)
        verdict = safety.judge(facts, now)
        shown = None if "all" in request.query_params else SHOWN_SETS
        return self.render(
            "overview.html",
            user,
            verdict=verdict,
            budgets=budgets.view(facts, now),
            facts=facts,
            store_full=history.store_full(facts, now).text,
            now=now,
            rows=views.rows(facts.store, now)[:shown],
            failed=facts.store.failed[:SHOWN_FAILED],
            bars=views.bars(facts.store),
            newest=facts.store.newest(),
            verified=facts.store.newest(verified=True),
            next_run=facts.next_backup,
            repositories=views.repositories(facts.archive, now) if facts.archive else [],
            copies=views.copies(facts.archive, now) if facts.archive else "",
            following=following.view(facts, now),
            is_shrinking=any(p.code is Code.SHRINKING for p in verdict.problems),
            jobs=[views.job(each, now) for each in facts.cluster.jobs[:10]],
        )

    def _history(self, request: Request, user: User) -> Response:
        now, asked = time.time(), request.query_params
        facts = self._watcher.look(now)
        names, days = facts.store.databases, [str(each) for each in history.DAYS]
        database = asked.get("database", "")
        if database and database not in names:
            return self.message(user, 404, "Not found", "No set in the store has this database.")
        shown = asked.get("days", "")
        chosen = shown if shown in days else ""
        return self.render(
            "history.html",
            user,
            history=history.view(facts, now, int(chosen or 0), database),
            is_known=facts.store.is_known,
            most=SHOWN_HISTORY if "all" not in asked else None,
            database=database,
            names=names,
            days=days,
            chosen=chosen,
        )

    def _set(self, request: Request, user: User) -> Response:
        store, name = self._watcher.sets(), request.path_params["name"]
        found = store.find(name)
        if found is None:
            return self.message(user, 404, "Not found", "There is no such set in the store.")
        before = store.before(name)
        return self.render(
            "set.html",
            user,
            set=found,
            manifest=found.manifest,
            before=before,
            change=views.change(found.manifest, before.manifest if before else None),
            left_out=words.count(found.verdict.left_out_count if found.verdict else 0, "object"),
            databases=views.databases(
                self._watcher.detail(name, failed=found.state is State.FAILED),
                self._watcher.detail(before.name) if before else None,
            ),
            now=time.time(),
        )

    def _restore(self, request: Request, user: User) -> Response:
        found = self._watcher.sets().find(request.path_params["name"])
        if found is None or not found.is_published or found.manifest is None:
            return self.message(user, 404, "Cannot be restored", "No usable set has this name.")
        return self.render("restore.html", user, set=found, manifest=found.manifest)

    def _moment(self, _: Request, user: User) -> Response:
        facts = self._watcher.look(time.time())
        if facts.archive is None:
            text = "There is no archive here: archive.enabled is off."
            return self.message(user, 404, "Not found", text)
        return self.render(
            "moment.html",
            user,
            archive=facts.archive,
            databases=facts.store.databases,
            is_typed=bool(facts.store.encrypted),
        )

    def _job(self, request: Request, user: User) -> Response:
        cluster, name = self._watcher.api.look(), request.path_params["name"]
        # Only jobs of this project: the address must not lead to other pods' logs.
        found = next((each for each in cluster.jobs if each.name == name), None)
        if found is None:
            text = cluster.why or "There is no such job; finished ones are removed after a while."
            return self.message(user, 404 if cluster.is_reachable else 502, "Not found", text)
        try:
            log = self._watcher.api.log(name)
        except ClusterError as error:
            log = str(error)
        return self.render(
            "job.html",
            user,
            job=views.job(found, time.time()),
            request=found.request,
            can_restore=views.is_good_preview(found, time.time()),
            is_refused_preview=found.action is Action.PREVIEW and found.phase == "failed",
            log=log,
        )
