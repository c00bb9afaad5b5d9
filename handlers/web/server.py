"""The HTTP server, in our own loop and under our own signals."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_GRACE_SECONDS = 3


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the whole service's business, not the server's."""
        yield


class WebServer:
    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        self._server = _Server(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=_GRACE_SECONDS,
                timeout_keep_alive=75,
                forwarded_allow_ips="127.0.0.1",
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen; the port. Where it cannot listen: the system's OSError."""
        self._task = asyncio.create_task(self._serve())
        while not self._server.started:
            if self._task.done():
                await self._task
                raise OSError("the server ended before it started")
            await asyncio.sleep(0.005)
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Finish what is being answered; lines that stay open are cut after a moment."""
        self._server.should_exit = True
        if self._task is not None and not self._task.done():  # one that could not listen has ended, and said why
            await self._task

    async def _serve(self) -> None:
        try:
            await self._server.serve()
        except SystemExit as error:  # the server's way of saying that it cannot listen; the reason is what it was handling
            raise (error.__context__ if isinstance(error.__context__, OSError) else OSError("cannot listen")) from None
