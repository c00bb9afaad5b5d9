"""A visitor of the web chat, as a browser without script is one: a cookie, a page, a form that proves it was ours."""

from __future__ import annotations

import re
import secrets
from http.client import HTTPConnection
from typing import Self
from urllib.parse import urlencode

_PROOF = re.compile(r'name="page" value="([^"]+)"')


class Visitor:
    """`network`: the address of this machine that the visitor comes from; on Linux all of 127.0.0.0/8 are."""

    def __init__(self, port: int, network: str = "127.0.0.1") -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=20, source_address=(network, 0))
        self._cookie = self._proof = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def opens_page(self) -> str:
        """The page. Visitors that come one after the other may share a connection: each is given a cookie of its own."""
        self._connection.request("GET", "/")
        answer = self._connection.getresponse()
        page = answer.read().decode()
        assert answer.status == 200, answer.status
        self._cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        found = _PROOF.search(page)
        assert found is not None
        self._proof = found[1]
        return page

    def says(self, text: str) -> str:
        """What the page shows in answer, as its script asks for it."""
        form = urlencode({"page": self._proof, "id": secrets.token_hex(16), "text": text, "language": "ar"})
        headers = {"Cookie": self._cookie, "X-Fragment": "1", "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", "/say", form, headers)
        answer = self._connection.getresponse()
        fragment = answer.read().decode()
        assert answer.status == 200, answer.status
        return fragment
