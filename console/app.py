"""The ASGI application: which address leads where, and what every answer has in common."""

import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import metrics, security, status
from console.actions import Actions
from console.archive import View
from console.cluster import Api, Kubernetes
from console.facts import Watcher
from console.notify import Notifier
from console.observer import Observer
from console.pages import Pages
from console.room import Room
from console.security import Doors
from console.settings import Settings
from console.store import Store

STATIC = Path(__file__).resolve().parent / "static"


def create(settings: Settings, api: Api | None = None) -> ASGIApp:
    """The whole service."""
    store = Store(settings.store, settings.store_id)
    archive = None
    if settings.archive:
        archive = View(settings.store, has_copies=settings.archive_sets)
    observer = Observer(store, archive, settings.hang_seconds)
    room = Room(settings.state / "room.json" if settings.state else None)
    watcher = Watcher(settings, store, api or Kubernetes(settings.namespace), observer, room)
    notifier, doors = Notifier(settings, watcher), Doors(settings)
    pages = Pages(settings, watcher, doors)
    actions = Actions(settings, watcher, doors, pages)
    registry = metrics.registry(watcher, notifier, doors, actions)

    async def serve_metrics(_: Request) -> Response:
        body = await run_in_threadpool(generate_latest, registry)
        return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    made = Starlette(
        routes=[
            Route("/healthz", _healthy),
            Route("/livez", _live(observer, notifier)),
            Route("/metrics", serve_metrics),
            Mount("/static", StaticFiles(directory=STATIC)),
            status.route(watcher, doors),
            *pages.routes(),
            *actions.routes(),
        ],
        exception_handlers={404: pages.not_found, 500: pages.broken},
        lifespan=_watching(notifier),
    )
    # Around everything: Starlette's own answer to an error lies outside its middlewares.
    return _Headers(made)


async def _healthy(_: Request) -> Response:
    """The process answers. Restarting it would not make a backup better."""
    return PlainTextResponse("ok\n")


def _live(observer: Observer, notifier: Notifier) -> Callable[[Request], Awaitable[Response]]:
    """For those who watch the watcher. The kubelet asks /healthz: a pod whose volume hangs would
    not come back, and this one still says what is wrong."""

    async def endpoint(_: Request) -> Response:
        if observer.hangs:
            return PlainTextResponse("the store does not answer\n", 503)
        if notifier.is_late(time.time()):
            return PlainTextResponse("nobody looks for what is to be notified\n", 503)
        return PlainTextResponse("ok\n")

    return endpoint


def _watching(notifier: Notifier) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        thread = threading.Thread(target=notifier.run, name="notify", daemon=True)
        thread.start()
        yield
        notifier.stop()

    return lifespan


class _Headers:
    """The security headers on every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in security.HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)
