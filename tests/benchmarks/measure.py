"""Measuring a process from outside: its CPU and memory as the kernel counts them, its figures under load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from tests.fakes.ports import free_port
from tests.fakes.postgres import Server

ROOT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """One run of one stack. Times in milliseconds, memory in MiB; `cpu_ms` is the stack's own CPU a turn."""

    turns_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    memory_mib: float
    people: int
    refused: int


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], ready: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has printed the line that says it is ready."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith(ready):
            raise RuntimeError(f"{command} said {line!r}")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def under_load(  # the whole of one measurement, in its order
    process_of: object,
    script: Sequence[tuple[str, int]],
    *,
    port: int,
    api_port: int,
    people: int = 64,
    seconds: float = 10,
    warm: float = 3,
    first: int = 5_000_000_000,
) -> Figures:
    """People chat with the stack that listens on `port` while its Bot API is played on `api_port`.

    `process_of` starts the stack: a context manager that yields its process. The world must be up first.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "script.json"
        file.write_text(json.dumps(script), encoding="utf-8")
        arguments = {
            "--script": file, "--port": port, "--api-port": api_port, "--people": people,
            "--seconds": seconds, "--warm": warm, "--first": first,
        }  # fmt: skip
        world = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.load", *(str(part) for pair in arguments.items() for part in pair)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert world.stdout is not None
        assert world.stdin is not None
        world.stdout.readline()
        with process_of as process:  # type: ignore[attr-defined]
            world.stdin.write("go\n")
            world.stdin.flush()
            world.stdout.readline()
            cpu, began = cpu_seconds(process.pid), time.perf_counter()
            told = json.loads(world.stdout.readline())
            spent = (cpu_seconds(process.pid) - cpu) * seconds / (time.perf_counter() - began)
            figures = Figures(
                turns_per_s=told["turns_per_s"],
                p50_ms=told["p50_ms"],
                p99_ms=told["p99_ms"],
                cpu_ms=1000 * spent / max(told["turns"], 1),
                memory_mib=memory_mib(process.pid),
                people=told["people"],
                refused=told["refused"],
            )
        world.wait(20)
    return figures


def wait_for_health(port: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.01)
    raise TimeoutError("not healthy")


def fresh_database(server: Server, name: str) -> str:
    server.run_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.run_sql(f"CREATE DATABASE {name}")
    return server.url(name)


def ports() -> tuple[int, int]:
    return free_port(), free_port()
