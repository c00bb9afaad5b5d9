"""Rendering: templates with the reader's speech, static files by content, and the headers every page carries."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.core.text import Speech, Text, Value
from handlers.pages.text import to_html, to_paragraphs

HERE = Path(__file__).parent
STATIC = HERE / "static"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def static_url(name: str) -> str:
    """The file's address, new whenever its content is, so that browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


def render(template: str, speech: Speech, **values: Any) -> str:  # noqa: ANN401 -- whatever the template names
    def t(source: str, **said: Value) -> Markup:
        return to_html(speech.tell(Text(source, said)), speech.language)

    return _templates.get_template(template).render(
        t=t,
        language=speech.language,
        direction="rtl" if speech.language == "ar" else "ltr",
        static=static_url,
        paragraphs=lambda text: to_paragraphs(text, speech.language),
        **values,
    )


def page(template: str, speech: Speech, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401 -- as above
    """A whole page, never kept by caches: it holds what one person said."""
    return HTMLResponse(render(template, speech, **values), status, {"Cache-Control": "no-store"})


class SecurityHeaders:
    """Puts the headers above on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_RAW_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
