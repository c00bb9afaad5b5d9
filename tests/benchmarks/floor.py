"""The floor: the least a durable turn can be. Bare asyncio HTTP, one prepared upsert and its commit, one pooled POST.

No repeats recognised, no outbox, no conversation worth the name: a counter of turns per chat and a fixed reply. Run as
`python -m tests.benchmarks.floor postgresql|sqlite URL PORT API_URL`.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import threading
from typing import Any, Protocol

import aiohttp
import asyncpg
import msgspec
import uvloop
import yarl

JSON = {"Content-Type": "application/json"}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
UPSERT = """INSERT INTO floor (chat, turn, text) VALUES ($1, 1, $2)
            ON CONFLICT (chat) DO UPDATE SET turn = floor.turn + 1, text = excluded.text RETURNING turn"""
REPLIES = [
    "السؤال {n} من 8\\nما هو اسم الجمعية المسيرة؟\\nمثال: جمعية الوفاء للتنمية".replace("{n}", str(n)) for n in range(13)
]


class Chat(msgspec.Struct):
    id: int


class Message(msgspec.Struct):
    chat: Chat
    text: str = ""


class Update(msgspec.Struct):
    update_id: int
    message: Message


decode = msgspec.json.Decoder(Update).decode


class Store(Protocol):
    async def turn(self, chat: int, text: str) -> int: ...


class Postgres:
    """A pool of prepared upserts, each its own durable transaction."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> Postgres:
        pool = await asyncpg.create_pool(url, min_size=16, max_size=16)
        await pool.execute("CREATE TABLE IF NOT EXISTS floor (chat bigint PRIMARY KEY, turn int NOT NULL, text text)")
        return cls(pool)

    async def turn(self, chat: int, text: str) -> int:
        return int(await self._pool.fetchval(UPSERT, chat, text))


class Sqlite:
    """One writing thread, an upsert and its commit a turn."""

    def __init__(self, file: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[int, str, asyncio.Future[int]]] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._work, args=(file,), daemon=True).start()

    async def turn(self, chat: int, text: str) -> int:
        done: asyncio.Future[int] = self._loop.create_future()
        self._jobs.put((chat, text, done))
        return await done

    def _work(self, file: str) -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS floor (chat INTEGER PRIMARY KEY, turn INTEGER NOT NULL, text TEXT)")
        upsert = UPSERT.replace("$1", "?").replace("$2", "?")
        while True:
            chat, text, done = self._jobs.get()
            (turn,) = connection.execute(upsert, (chat, text)).fetchone()
            self._loop.call_soon_threadsafe(done.set_result, turn)


class Sender:
    """One pooled POST a reply, by the client that the product uses too."""

    def __init__(self, session: aiohttp.ClientSession, api_url: str) -> None:
        self._session = session
        self._url = yarl.URL(f"{api_url}/bot123456789:bench/sendMessage")

    async def send(self, chat: int, turn: int) -> None:
        body = f'{{"chat_id":{chat},"text":"{REPLIES[turn % 13]}"}}'.encode()
        async with self._session.post(self._url, data=body, headers=JSON) as response:
            await response.read()


class Webhook(asyncio.Protocol):
    def __init__(self, store: Store, sender: Sender) -> None:
        self._store, self._sender, self._buffer = store, sender, b""
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        length = int(head[head.find(b"Content-Length: ") + 16 :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        update = decode(self._buffer[end + 4 : end + 4 + length])
        self._buffer = b""
        task = asyncio.create_task(self._take(update.message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, message: Message) -> None:
        turn = await self._store.turn(message.chat.id, message.text)
        self._transport.write(OK)
        await self._sender.send(message.chat.id, turn)


async def run(kind: str, url: str, port: int, api_url: str) -> None:
    store: Store = await Postgres.open(url) if kind == "postgresql" else Sqlite(url)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as session:
        sender = Sender(session, api_url)
        server = await asyncio.get_running_loop().create_server(lambda: Webhook(store, sender), "127.0.0.1", port)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
