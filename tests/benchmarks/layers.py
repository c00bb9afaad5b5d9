"""Where the time goes: the loaded process, sampled from outside, each sample counted for the layer it was in.

    python -m tests.benchmarks.layers [--seconds 20] [--rate 250] [--engines postgresql,sqlite]

py-spy reads the stack of the main thread whenever it holds the interpreter, without the process taking part. A sample belongs
to the innermost frame that a layer owns: `json` called by the webhook's reader is decoding, called by the driver it is
SQL. What nobody owns is the event loop and the rest. On SQLite the statements run in the driver's own threads, mostly
outside the interpreter: what the kernel counted for these is SQL's, beside what it counted for the main thread. The
database server's own time is in none of it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.measure import begin, cpu_seconds, databases, heard, ports, say, world
from tests.benchmarks.turns import started

REST = "event loop and the rest"
LAYERS = {
    "HTTP in": r"uvicorn/|httptools|handlers/telegram/webhook\.py|handlers/web/app\.py",
    "decode": r"handlers/telegram/updates\.py",
    "HTTP out": r"aiohttp/|yarl/|multidict/|frozenlist/|propcache/|handlers/telegram/channel\.py",
    "SQL": r"sqlalchemy/|asyncpg/|aiosqlite/|sqlite3/|greenlet|storage/",
    "render": r"bot/core/(text|bidi)\.py|bot/core/seals\.py|bot/actions/notices\.py|gettext\.py",
    "turn": r"bot/(core|flows|rules)/|bot/actions/",
}
"""A layer a line: where its frames' files are. Earlier ones are looked for first in the same frame."""
_LAYERS = [(name, re.compile(rf"(?:^|/|\()(?:{files})")) for name, files in LAYERS.items()]


def layer_of(stack: str) -> str:
    """The layer of one stack as py-spy writes it: frames from the outermost to the innermost, `function (file:line)` each."""
    for frame in reversed(stack.split(";")):
        for name, files in _LAYERS:
            if files.search(frame):
                return name
    return REST


def shares(raw: str) -> dict[str, float]:
    """The part of each layer in the main thread's samples, as py-spy recorded them."""
    found: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        if "MainThread" in stack:
            found[layer_of(stack)] += int(count)
    return {name: found[name] / found.total() for name in (*LAYERS, REST)}


@dataclass(frozen=True, slots=True)
class Sampled:
    """`main` and `others`: seconds of CPU of the main thread and of all others meanwhile."""

    raw: str
    main: float
    others: float


def sample(url: str, *, people: int, seconds: int, rate: int) -> Sampled:
    """nidaa sampled while so many people chat with it."""
    port, api_port = ports()
    with TemporaryDirectory() as name:
        raw = Path(name) / "stacks.txt"
        process_of, script = started("nidaa", url, Path(name), port, api_port)
        with (
            world(script, port=port, api_port=api_port, people=people, seconds=seconds + 4, warm=3) as crowd,
            process_of as process,
        ):
            begin(crowd)
            before = _cpu(process.pid)
            options = {"pid": process.pid, "duration": seconds, "rate": rate, "format": "raw", "output": raw}
            given = [part for option, value in options.items() for part in (f"--{option}", str(value))]
            spy = Path(sys.executable).with_name("py-spy")
            subprocess.run(
                [spy, "record", "--gil", "--threads", "--full-filenames", *given], check=True, capture_output=True
            )
            main, others = (after - earlier for after, earlier in zip(_cpu(process.pid), before, strict=True))
            heard(crowd)
        return Sampled(raw.read_text(), main, others)


def _cpu(pid: int) -> tuple[float, float]:
    """Seconds of the main thread, and of all others."""
    main = cpu_seconds(pid, thread=pid)
    return main, cpu_seconds(pid) - main


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engines", default="postgresql,sqlite")
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=250)
    chosen = parser.parse_args(arguments)
    with databases(chosen.engines) as make:
        for engine in chosen.engines.split(","):
            sampled = sample(make(engine, "layers"), people=chosen.people, seconds=chosen.seconds, rate=chosen.rate)
            whole = sampled.main + sampled.others
            found = {name: share * sampled.main / whole for name, share in shares(sampled.raw).items()}
            found["SQL" if engine == "sqlite" else REST] += sampled.others / whole
            told = "  ".join(f"{name}={100 * share:.0f} %" for name, share in found.items())
            say(f"{engine:10} {told}  (other threads' part: {100 * sampled.others / whole:.0f} %)")


if __name__ == "__main__":
    main()
