"""Cold start: from the start of the process to the first page and the first answered turn, with the web chat alone.

    python -m tests.benchmarks.start [--times 10] [--engines sqlite,postgresql]

The database is migrated and empty and the code compiled, as it is where a process starts again; the files are in the
machine's memory. The middle of all starts counts, and the slowest is told; `cpu` is what the process itself used until then,
which a busy machine does not stretch.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.measure import ROOT, cpu_seconds, databases, ports, say
from tests.benchmarks.turns import nidaa
from tests.benchmarks.visitor import Visitor

AIM = 1.5
_BEAT = 0.005


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--times", type=int, default=10)
    chosen = parser.parse_args(arguments)
    with databases(chosen.engines) as make, TemporaryDirectory() as folder:
        for engine in chosen.engines.split(","):
            port, _ = ports()
            command, environment = nidaa(make(engine, "start"), Path(folder), port)
            pages, turns, cpu = zip(*(start(command, environment, port) for _ in range(chosen.times)), strict=True)
            say(
                f"{engine:10} first page={median(pages):.2f} s  first answered turn={median(turns):.2f} s"
                f" (aim: {AIM:g}, slowest: {max(turns):.2f})  cpu={median(cpu):.2f} s"
            )


def start(command: Sequence[str], environment: dict[str, str], port: int) -> tuple[float, float, float]:
    """Seconds to the first page and to the first answer of one process, and its CPU."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _listens(port):
            assert process.poll() is None, "it has ended"
            time.sleep(_BEAT)
        with Visitor(port) as visitor:
            visitor.opens_page()
            page = time.perf_counter() - began
            assert 'class="bot"' in visitor.says("/start")
            return page, time.perf_counter() - began, cpu_seconds(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


if __name__ == "__main__":
    main()
