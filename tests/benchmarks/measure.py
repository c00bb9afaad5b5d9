"""Measuring a process from outside: its CPU and memory as the kernel counts them, its figures under load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.fakes.ports import free_port
from tests.fakes.postgres import Server, running_server, server_binaries

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


def cpu_seconds(pid: int, *, thread: int | None = None) -> float:
    """Of the whole process, or of one thread of it."""
    fields = (
        Path(f"/proc/{pid}/task/{thread}/stat" if thread else f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    )
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


@contextmanager
def world(script: Sequence[tuple[str, int]], *, port: int, api_port: int, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """The people and the Bot API of tests.benchmarks.load, in their own process; they begin when they are told to."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "script.json"
        file.write_text(json.dumps(script), encoding="utf-8")
        arguments = {"script": file, "port": port, "api-port": api_port, **options}
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.benchmarks.load"),
                *(part for name, value in arguments.items() for part in (f"--{name}", *str(value).split())),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            heard(process)
            yield process
            process.wait(20)
        finally:
            process.kill()


def heard(process: subprocess.Popen[str]) -> str:
    """The next line that a process says. RuntimeError: it has ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the people of the benchmark are gone")
    return line.strip()


def begin(process: subprocess.Popen[str]) -> None:
    """Let the people begin; returns when they are warm."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    heard(process)


def under_load(
    process_of: AbstractContextManager[subprocess.Popen[str]],
    script: Sequence[tuple[str, int]],
    *,
    port: int,
    api_port: int,
    seconds: float = 10,
    **options: Any,
) -> Figures:
    """People chat with the stack that listens on `port` while its Bot API is played on `api_port`.

    `process_of` starts the stack. The world must be up first. `options` are those of tests.benchmarks.load.
    """
    with world(script, port=port, api_port=api_port, seconds=seconds, **options) as people, process_of as process:
        begin(people)
        cpu, began = cpu_seconds(process.pid), time.perf_counter()
        told = json.loads(heard(people))
        spent = (cpu_seconds(process.pid) - cpu) * seconds / (time.perf_counter() - began)
        return Figures(
            turns_per_s=told["turns_per_s"],
            p50_ms=told["p50_ms"],
            p99_ms=told["p99_ms"],
            cpu_ms=1000 * spent / max(told["turns"], 1),
            memory_mib=memory_mib(process.pid),
            people=told["people"],
            refused=told["refused"],
        )


@contextmanager
def databases(engines: str) -> Iterator[Callable[[str, str], str]]:
    """Makes an empty database of an engine under a name and tells its URL; those of the engines named here, until the end."""
    binaries = server_binaries()
    assert binaries is not None or "postgresql" not in engines, "no PostgreSQL is installed here"
    with TemporaryDirectory() as folder, ExitStack() as stack:
        server = stack.enter_context(running_server(binaries)) if binaries and "postgresql" in engines else None

        def make(engine: str, name: str) -> str:
            if engine == "postgresql":
                assert server is not None
                return fresh_database(server, name)
            for file in Path(folder).glob(f"{name}.db*"):
                file.unlink()
            return f"sqlite:///{folder}/{name}.db"

        yield make


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- a benchmark's figures


def fresh_database(server: Server, name: str) -> str:
    server.run_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.run_sql(f"CREATE DATABASE {name}")
    return server.url(name)


def ports() -> tuple[int, int]:
    return free_port(), free_port()
