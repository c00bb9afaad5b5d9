"""Who is at the page: a cookie only the browser holds, the address made from it, and proof that a form was ours."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from bot.core.seals import Seals

COOKIE = "nidaa_visitor"
_KEPT_SECONDS = 180 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Visitor:
    """`id` is the address: a digest, so that what is stored opens nobody's page. `is_new`: no cookie came."""

    cookie: str
    is_new: bool

    @property
    def id(self) -> str:
        return hashlib.sha256(self.cookie.encode()).hexdigest()[:40]


def visitor_of(request: Request) -> Visitor:
    cookie = request.cookies.get(COOKIE, "")
    if 32 <= len(cookie) <= 64 and cookie.isascii():
        return Visitor(cookie, is_new=False)
    return Visitor(secrets.token_urlsafe(32), is_new=True)


def remember(visitor: Visitor, request: Request, response: Response) -> None:
    """Keep the cookie half a year from the last visit; scripts and other sites never see it."""
    response.set_cookie(
        COOKIE,
        visitor.cookie,
        max_age=_KEPT_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


def form_proof(visitor: Visitor, seals: Seals) -> str:
    return seals.seal("page", owner=visitor.id)


def is_ours(request: Request, proof: str, visitor: Visitor, seals: Seals) -> bool:
    """Did this form come from a page we gave to this visitor?"""
    origin = request.headers.get("origin")
    same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return same and not visitor.is_new and seals.open(proof, owner=visitor.id) == "page"
