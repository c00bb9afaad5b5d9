"""The world outside for benchmarks, in one process: people who send updates to a webhook, and the Bot API that takes the replies.

Raw asyncio protocols and prebuilt bytes, so that the measured process is the one that works hardest. Started by the
runner with a script of turns; prints one JSON line of figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
SENT = b'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"},"text":"x"}}'
SENT_ANSWER = OK % (len(SENT), SENT)
DONE = b'{"ok":true,"result":true}'
DONE_ANSWER = OK % (len(DONE), DONE)
ME = b'{"ok":true,"result":{"id":123456789,"is_bot":true,"first_name":"nidaa","username":"nidaa_bench_bot"}}'
ME_ANSWER = OK % (len(ME), ME)
LIST = b'{"ok":true,"result":[]}'
LIST_ANSWER = OK % (len(LIST), LIST)
EMPTY = b'{"ok":true,"result":{"name":"","short_description":"","description":""}}'
EMPTY_ANSWER = OK % (len(EMPTY), EMPTY)
FIRST_PERSON = 5_000_000_000
SPREAD = 2_000_000_000
"""People who do not come one after the other are spread over that many numbers, as they are in the world."""


@dataclass(slots=True)
class Person:
    """One conversation at a time: who speaks, which turn, how many replies are still to come."""

    number: int
    turn: int = 0
    waiting: int = 0
    since: float = 0.0


@dataclass(slots=True)
class Load:
    """`script` is (text, replies) per turn; each person who finishes it is followed by a new one, `step` numbers away; the
    first one is `offset` away from the first number.

    `pause`: seconds between a reply and what the person says next. `milestones`: told as they are passed, each a number of
    people who have finished; the last one ends the run.
    """

    script: list[tuple[str, int]]
    host: str
    port: int
    secret: str
    seconds: float
    warm: float
    offset: int = 0
    step: int = 1
    pause: float = 0
    milestones: list[int] = field(default_factory=list)
    came: int = 0
    next_update: int = 1
    people: dict[int, Person] = field(default_factory=dict)
    free: deque[Webhook] = field(default_factory=deque)
    queue: deque[Person] = field(default_factory=deque)
    latencies: list[float] = field(default_factory=list)
    turns: int = 0
    finished: int = 0
    refused: int = 0
    measuring: bool = False
    over: bool = False
    all_passed: asyncio.Event = field(default_factory=asyncio.Event)

    def newcomer(self) -> None:
        person = Person(FIRST_PERSON + (self.offset + self.came * self.step) % SPREAD)
        self.came += 1
        self.people[person.number] = person
        self.speak(person)

    def speak(self, person: Person) -> None:
        if self.over:
            return
        if not self.free:
            self.queue.append(person)
            return
        text, replies = self.script[person.turn]
        person.waiting, person.since = replies, time.perf_counter()
        update = (
            f'{{"update_id":{self.next_update},"message":{{"message_id":{self.next_update},"date":1763899200,"from":{{"id":'
            f'{person.number},"is_bot":false,"first_name":"Invented","language_code":"ar"}},"chat":{{"id":{person.number},'
            f'"first_name":"Invented","type":"private"}},"text":"{text}"}}}}'
        )
        if text.startswith("/"):
            update = update[:-2] + f',"entities":[{{"offset":0,"length":{len(text)},"type":"bot_command"}}]}}}}'
        self.next_update += 1
        self.free.popleft().post(update.encode())

    def heard(self, chat: int) -> None:
        """A reply reached this chat; after the last one the next turn begins."""
        person = self.people.get(chat)
        if person is None:
            return
        person.waiting -= 1
        if person.waiting:
            return
        if self.measuring:
            self.turns += 1
            self.latencies.append(time.perf_counter() - person.since)
        person.turn += 1
        if person.turn < len(self.script):
            self._after_a_pause(self.speak, person)
            return
        del self.people[person.number]
        self.finished += 1
        if self.finished in self.milestones:
            sys.stdout.write(f"{self.finished}\n")
            sys.stdout.flush()
        if self.milestones and self.finished >= self.milestones[-1]:
            self.all_passed.set()
        if not self.over:
            self._after_a_pause(self.newcomer)

    def _after_a_pause(self, act: Callable[..., None], *given: Person) -> None:
        if self.pause:
            asyncio.get_running_loop().call_later(self.pause, act, *given)
        else:
            act(*given)

    def idle(self, line: Webhook) -> None:
        self.free.append(line)
        if self.queue:
            self.speak(self.queue.popleft())


class Webhook(asyncio.Protocol):
    """A kept-alive connection to the webhook, one update at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: Any = None
        self._head = (
            f"POST /telegram/webhook HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {load.secret}\r\nContent-Length: "
        ).encode()
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._load.idle(self)

    def post(self, body: bytes) -> None:
        self._transport.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        place = head.find(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        if b" 200 " not in head[:20] and b" 204 " not in head[:20]:
            self._load.refused += 1
        self._buffer = b""
        self._load.idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._load.over:
            sys.stderr.write(f"the webhook hung up: {exc}\n")


class BotApi(asyncio.Protocol):
    """The Bot API's side: every call is accepted, and a sent message is heard."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end]
            lower = head.lower()
            place = lower.find(b"content-length:")
            length = int(lower[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if b"transfer-encoding: chunked" in lower:
                stop = self._buffer.find(b"0\r\n\r\n", end)
                if stop < 0:
                    return
                body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop + 5 :]
            elif len(self._buffer) < end + 4 + length:
                return
            else:
                body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        method = path.rpartition(b"/")[2].split(b"?")[0]
        if method.lower() == b"sendmessage":
            self._transport.write(SENT_ANSWER)
            self._load.heard(_chat(body))
        elif method == b"getMe":
            self._transport.write(ME_ANSWER)
        elif method == b"getMyCommands":
            self._transport.write(LIST_ANSWER)
        elif method.startswith(b"getMy"):
            self._transport.write(EMPTY_ANSWER)
        else:
            self._transport.write(DONE_ANSWER)


def _chat(body: bytes) -> int:
    """The chat id of a call as JSON, form or multipart."""
    place = body.find(b"chat_id")
    digits = body[place + 7 : place + 60]
    start = next(index for index, byte in enumerate(digits) if 48 <= byte <= 57)
    end = start
    while end < len(digits) and 48 <= digits[end] <= 57:
        end += 1
    return int(digits[start:end])


async def _connect(load: Load) -> None:
    """Some stacks say that they are ready a moment before they listen."""
    loop = asyncio.get_running_loop()
    for _ in range(200):
        try:
            await loop.create_connection(lambda: Webhook(load), load.host, load.port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        else:
            return
    raise ConnectionRefusedError


async def run(load: Load, people: int, api_port: int) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: BotApi(load), "127.0.0.1", api_port)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.readline)
    for _ in range(people):
        await _connect(load)
    for _ in range(people):
        load.newcomer()
    await asyncio.sleep(load.warm)
    load.measuring = True
    sys.stdout.write("measuring\n")
    sys.stdout.flush()
    began = time.perf_counter()
    await (load.all_passed.wait() if load.milestones else asyncio.sleep(load.seconds))
    took = time.perf_counter() - began
    load.measuring, load.over = False, True
    server.close()
    latencies = sorted(load.latencies)
    return {
        "turns": load.turns,
        "turns_per_s": load.turns / took,
        "p50_ms": 1000 * latencies[len(latencies) // 2] if latencies else 0,
        "p99_ms": 1000 * latencies[int(len(latencies) * 0.99)] if latencies else 0,
        "finished": load.finished,
        "refused": load.refused,
        "people": load.came,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api-port", type=int, required=True)
    parser.add_argument("--secret", default="bench-secret")
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm", type=float, default=3)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--milestones", type=int, nargs="*", default=[])
    chosen = parser.parse_args()
    script = [(text, replies) for text, replies in json.loads(chosen.script.read_text(encoding="utf-8"))]
    load = Load(
        script, "127.0.0.1", chosen.port, chosen.secret, chosen.seconds, chosen.warm,
        offset=chosen.offset, step=chosen.step, pause=chosen.pause, milestones=chosen.milestones,
    )  # fmt: skip
    load.next_update = int(time.time() * 1000)
    figures = uvloop.run(run(load, chosen.people, chosen.api_port))
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
