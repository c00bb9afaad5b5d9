"""A line to PostgreSQL that can break at the worst moment: after a commit was done, before the answer to it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Proxy:
    """Hangs up instead of passing on the answer to the next commit of a transaction in which `marked` was written."""

    server_port: int
    port: int = 0
    marked: bytes = b""
    _lines: set[asyncio.StreamWriter] = field(default_factory=set)

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.server_port)
        self._lines |= {writer, back}
        committed = asyncio.Event()
        await asyncio.gather(self._ask(reader, back, committed), self._answer(there, writer, back, committed))
        self._lines -= {writer, back}

    async def _ask(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, committed: asyncio.Event) -> None:
        written = False
        while data := await _read(reader):
            written = written or (self.marked != b"" and self.marked in data)
            if written and b"COMMIT" in data:
                self.marked = b""
                committed.set()
            server.write(data)
        server.close()

    async def _answer(
        self,
        there: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        server: asyncio.StreamWriter,
        committed: asyncio.Event,
    ) -> None:
        while data := await _read(there):
            if committed.is_set():
                server.close()
                break
            client.write(data)
        client.close()

    def hang_up(self) -> None:
        for line in self._lines:
            line.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65536)
    except OSError:
        return b""


@asynccontextmanager
async def running_proxy(server_port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(server_port)
    listening = await asyncio.start_server(proxy.connect, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        proxy.hang_up()
        await asyncio.sleep(0)
