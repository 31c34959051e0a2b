"""The forms: log in and out, back up, verify, pin, preview a restore, restore.

Each checks, in this order: that the browser sent it from our own page, that it comes from a
user, that it carries the key of a page that this user was shown. Then it makes a Job, or not.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from console import choice, forms, moments, security, views
from console.choice import ChoiceError
from console.cluster import ClusterError
from console.facts import Watcher
from console.forms import Form, FormError
from console.jobs import Phase
from console.manifest import Manifest
from console.pages import Pages
from console.security import Doors, User
from console.settings import Settings
from console.wishes import Action, Wish

Handler = Callable[[Request, User, Form], Response]
log = logging.getLogger(__name__)


class Actions:
    """Everything that POST does."""

    def __init__(self, settings: Settings, watcher: Watcher, doors: Doors, pages: Pages) -> None:
        self._settings, self._watcher = settings, watcher
        self._doors, self._pages = doors, pages
        self.counts: Counter[str] = Counter()

    def routes(self) -> list[BaseRoute]:
        """What the forms lead to."""
        return [
            Route("/login", self._show_login, methods=["GET"]),
            Route("/login", self._log_in, methods=["POST"]),
            self._post("/logout", self._log_out),
            self._post("/backup", self._back_up),
            self._post("/sets/{name}/verify", self._on_set(Action.VERIFY)),
            self._post("/sets/{name}/pin", self._on_set(Action.PIN)),
            self._post("/sets/{name}/unpin", self._on_set(Action.UNPIN)),
            self._post("/sets/{name}/preview", self._preview(choice.of_set)),
            self._post("/sets/{name}/copy", self._preview(choice.copy_of_set)),
            self._post("/moment/preview", self._preview_moment),
            self._post("/jobs/{name}/restore", self._restore),
        ]

    def _post(self, path: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            user = self._doors.user(request)
            if not security.is_same_origin(request):
                return self._refused(user, 403, "This form was not sent from this console.")
            if user is None:
                return self._refused(None, 401, "Log in first. Nothing was done.")
            try:
                form = await forms.read(request)
            except FormError as error:
                return self._refused(user, 400, f"This form cannot be used: {error}.")
            if not self._doors.is_own_form(user, forms.one(form, "key")):
                return self._refused(user, 403, "This page was too old. Go back, load it again.")
            try:
                return await run_in_threadpool(handler, request, user, form)
            except ClusterError as error:
                return self._refused(user, 502, f"Nothing was started: {error}.")

        return Route(path, endpoint, methods=["POST"])

    def _refused(self, user: User | None, status: int, text: str) -> Response:
        return self._pages.message(user, status, "Not done", text)

    async def _show_login(self, request: Request) -> Response:
        if self._doors.user(request):
            return RedirectResponse("/", status_code=303)
        return self._login_page(200, "")

    def _login_page(self, status: int, problem: str) -> Response:
        has_token = self._settings.token_file is not None
        return self._pages.render(
            "login.html", None, status=status, problem=problem, has_token=has_token
        )

    async def _log_in(self, request: Request) -> Response:
        if not security.is_same_origin(request):
            return self._login_page(403, "This form was not sent from this console.")
        try:
            form = await forms.read(request)
            session = self._doors.log_in(request, forms.one(form, "token"))
        except FormError:
            session = None
        if session is None:
            return self._login_page(401, "That is not the token.")
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(
            self._doors.cookie,
            session,
            max_age=security.SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=self._settings.https,
        )
        return answer

    def _log_out(self, request: Request, _: User, __: Form) -> Response:
        self._doors.log_out(request)
        answer = RedirectResponse("/login", status_code=303)
        answer.delete_cookie(self._doors.cookie, secure=self._settings.https)
        return answer

    def _back_up(self, _: Request, user: User, form: Form) -> Response:
        wish = Wish(
            action=Action.BACKUP,
            pin="pin" in form,
            accept_shrink="accept_shrink" in form,
            by=user.name,
        )
        return self._start(wish)

    def _on_set(self, action: Action) -> Handler:
        """For the buttons that ask for nothing but the set that they stand beside."""

        def handler(request: Request, user: User, _: Form) -> Response:
            name = self._usable_set(request.path_params["name"])
            if name is None:
                return self._refused(user, 404, "No usable set has this name.")
            return self._start(Wish(action=action, set=name, by=user.name))

        return handler

    def _preview(self, choose: Callable[[Form, Manifest], choice.Choice]) -> Handler:
        """For the forms that ask what of a set is wanted, and under which name."""

        def handler(request: Request, user: User, form: Form) -> Response:
            found = self._watcher.sets().find(request.path_params["name"])
            if found is None or not found.is_published or found.manifest is None:
                return self._refused(user, 404, "No usable set has this name.")
            try:
                wanted = choose(form, found.manifest)
            except ChoiceError as error:
                return self._refused(user, 400, f"{error} Nothing was done.")
            wish = Wish(
                action=Action.PREVIEW,
                set=found.name,
                databases=wanted.databases,
                name=wanted.name,
                replace=wanted.replace,
                by=user.name,
            )
            return self._start(wish)

        return handler

    def _preview_moment(self, _: Request, user: User, form: Form) -> Response:
        facts = self._watcher.look(time.time())
        try:
            return self._start(moments.preview(form, facts.archive, facts.store, user.name))
        except ChoiceError as error:
            return self._refused(user, 400, f"{error} Nothing was done.")

    def _restore(self, request: Request, user: User, form: Form) -> Response:
        """Exactly what a preview that went well has shown, and nothing else."""
        jobs = self._watcher.api.look().jobs
        preview = next((job for job in jobs if job.name == request.path_params["name"]), None)
        if preview is None or preview.request is None:
            return self._refused(user, 404, "There is no such preview.")
        if not views.is_good_preview(preview, time.time()):
            return self._refused(user, 409, "Only a fresh preview that went well can be followed.")
        asked = preview.request
        if forms.one(form, "confirm").strip() != asked.source:
            what = "moment" if asked.moment else "set's name"
            return self._refused(
                user, 400, f"Type the {what}, {asked.source}, to confirm. Nothing was done."
            )
        if why := self._why_gone(asked):
            return self._refused(user, 409, why)
        return self._start(replace(asked, action=Action.RESTORE, by=user.name))

    def _why_gone(self, asked: Wish) -> str:
        """Why what was previewed cannot be restored any more; empty where it can."""
        if not asked.moment:
            return "" if self._usable_set(asked.set) else f"{asked.set} cannot be used any more."
        try:
            moments.require_within(self._watcher.look(time.time()).archive, asked.moment)
        except ChoiceError as error:
            return str(error)
        return ""

    def _usable_set(self, name: str) -> str | None:
        found = self._watcher.sets().find(name)
        return found.name if found and found.is_published else None

    def _start(self, wish: Wish) -> Response:
        """A second press of a button leads to the job of the first."""
        running = [job for job in self._watcher.api.look().jobs if job.phase is Phase.RUNNING]
        for job in running:
            if job.request and replace(job.request, by="") == replace(wish, by=""):
                return RedirectResponse(f"/jobs/{job.name}", status_code=303)
        if wish.action is Action.RESTORE and any(job.action is wish.action for job in running):
            raise ClusterError("another restore is still running")
        name = self._watcher.api.start(wish)
        self.counts[wish.action] += 1
        log.info("%s by %r: job %s", wish.action, wish.by, name)
        return RedirectResponse(f"/jobs/{name}", status_code=303)
