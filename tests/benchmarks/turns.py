"""Durable turns per second: nidaa against the floor and its peers, on the same machine and in the same run."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.measure import ROOT, Figures, databases, ports, running, say, under_load

ANSWERS = (
    "جمعية أمل للتنمية والتضامن",
    "مركز الأمل للنساء",
    "2",
    "فاطمة العلوي",
    "0600000001",
    "fatima@example.com",
    "الصويرة",
)
NIDAA = [
    ("/start", 2), ("واخا", 1), *((answer, 1) for answer in ANSWERS[:4]), (ANSWERS[4], 2),
    *((answer, 1) for answer in ANSWERS[5:]), ("نعم", 1), (ANSWERS[3], 2), ("واخا", 1),
]  # fmt: skip
"""The sign-up as nidaa asks it, with the replies each turn brings (a keyboard that must go takes one more)."""
EIGHT = [("/start", 1), *((answer, 1) for answer in (*ANSWERS, ANSWERS[3]))]
"""The eight questions as the floor and the peers ask them."""
SECRET = "a secret for the benchmarks, long enough"
TOKEN = "123456789:" + "b" * 35


Script = Sequence[tuple[str, int]]
Process = AbstractContextManager[subprocess.Popen[str]]


def nidaa(url: str, folder: Path, port: int, api_port: int | None = None) -> tuple[list[str], dict[str, str]]:
    """How to serve that database, which is migrated first: with Telegram where there is a Bot API, else the web alone."""
    environment = {
        "NIDAA_DATABASE_URL": url, "NIDAA_DATA_DIR": str(folder), "NIDAA_SECRET_KEY": SECRET, "NIDAA_PORT": str(port),
    }  # fmt: skip
    if api_port is not None:
        environment |= {
            "NIDAA_PUBLIC_URL": f"http://127.0.0.1:{port}", "NIDAA_TELEGRAM_TOKEN": TOKEN,
            "NIDAA_TELEGRAM_API_URL": f"http://127.0.0.1:{api_port}", "NIDAA_TELEGRAM_SECRET": "bench-secret",
        }  # fmt: skip
    command = [sys.executable, "-m", "bot", "migrate"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    return ["-m", "bot", "serve"], environment


def started(stack: str, url: str, folder: Path, port: int, api_port: int) -> tuple[Process, Script]:
    """A stack on a database, about to start, and what people say to it."""
    api = f"http://127.0.0.1:{api_port}"
    if stack == "nidaa":
        command, environment = nidaa(url, folder, port, api_port)
        return running(command, environment, "nidaa:"), NIDAA
    if stack == "floor":
        engine, place = ("sqlite", url.removeprefix("sqlite:///")) if url.startswith("sqlite") else ("postgresql", url)
        return running(["-m", "tests.benchmarks.floor", engine, place, str(port), api], {}, "ready"), EIGHT
    orm = url.replace("postgresql://", "postgresql+asyncpg://").replace("sqlite://", "sqlite+aiosqlite://")
    return running(["-m", f"tests.benchmarks.{stack}", orm, str(port), api], {}, "ready"), EIGHT


def measure(stack: str, url: str, *, script: Script | None = None, **options: Any) -> Figures:
    """One stack on that database; `options` are those of tests.benchmarks.load."""
    port, api_port = ports()
    with TemporaryDirectory() as name:
        process, usual = started(stack, url, Path(name), port, api_port)
        return under_load(process, script or usual, port=port, api_port=api_port, **options)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stacks", default="floor,nidaa,peer_ptb,peer_aiogram")
    parser.add_argument("--engines", default="postgresql,sqlite")
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=8)
    chosen = parser.parse_args(arguments)
    with databases(chosen.engines) as make:
        for engine in chosen.engines.split(","):
            for stack in chosen.stacks.split(","):
                figures = measure(stack, make(engine, "bench"), people=chosen.people, seconds=chosen.seconds)
                line = "  ".join(
                    f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}"
                    for key, value in asdict(figures).items()
                )
                say(f"{engine:10} {stack:13} {line}")


if __name__ == "__main__":
    main()
