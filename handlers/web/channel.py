"""The page as a channel: what is owed stays in the outbox, and pages that are open are told to look."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from bot.core.messages import Message

CHANNEL = "web"


class WebChannel:
    name = CHANNEL
    pushes = False

    def __init__(self) -> None:
        self._open: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.is_closing = False

    async def send(self, recipient: str, message: Message, content: bytes | None = None) -> None:  # noqa: ARG002 -- the page reads it from the outbox
        for page in self._open.get(recipient, ()):
            page.set()

    async def close(self) -> None:
        """Let pages that listen go: the server waits for them before it ends."""
        self.is_closing = True
        for pages in self._open.values():
            for page in pages:
                page.set()

    @contextmanager
    def listening(self, recipient: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something new waits for this visitor."""
        news = asyncio.Event()
        self._open[recipient].add(news)
        try:
            yield news
        finally:
            self._open[recipient].discard(news)
            if not self._open[recipient]:
                del self._open[recipient]
