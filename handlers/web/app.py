"""The routes of the web, and what every page passes on its way."""

from __future__ import annotations

from typing import Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.core.errors import StorageUnavailable
from handlers.pages.shell import STATIC, SecurityHeaders
from handlers.web.chat import Chat
from handlers.web.files import Files
from handlers.web.health import HealthPage
from handlers.web.metrics import Metrics

_FOR_GOOD = "public, max-age=31536000, immutable"


class Edge(Protocol):
    """An application of another edge, at an address of its own."""

    path: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


def make_app(chat: Chat, files: Files, health: HealthPage, metrics: Metrics, webhook: Edge | None = None) -> ASGIApp:
    """The pages, and beside them a platform's webhook, which passes nothing on its way."""
    pages = Mount(
        "/",
        routes=[
            Route("/", chat.show, methods=["GET"]),
            Route("/ar", chat.show, methods=["GET"]),
            Route("/fr", chat.show, methods=["GET"]),
            Route("/say", chat.say, methods=["POST"]),
            Route("/events", chat.listen, methods=["GET"]),
            Route("/file/{message}", files.show, methods=["GET"]),
            Mount("/static", _Static(directory=STATIC)),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(GZipMiddleware, minimum_size=600)],
    )
    watched = [Route("/health", health.show, methods=["GET"]), Route("/metrics", metrics.show, methods=["GET"])]
    site = Starlette(routes=[*watched, pages], exception_handlers={StorageUnavailable: _away})
    if webhook is None:
        return site

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (webhook if scope.get("path") == webhook.path else site)(scope, receive, send)

    return app


class _Static(StaticFiles):
    """Files whose address holds their content's digest: browsers keep them for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200 and scope.get("query_string"):
            response.headers["Cache-Control"] = _FOR_GOOD
        return response


async def _away(_: Request, __: Exception) -> Response:
    text = "الخدمة غير متوفرة مؤقتا. المرجو إعادة المحاولة بعد دقيقة.\nService indisponible. Réessayez dans une minute.\n"
    return PlainTextResponse(text, 503, {"Retry-After": "5"})
