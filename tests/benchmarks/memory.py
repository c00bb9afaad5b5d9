"""Memory: of the web chat alone, after its start and after a conversation; and what a person who has talked leaves in it.

    python -m tests.benchmarks.memory [--from 1000] [--to 50000] [--engines sqlite,postgresql] [--ways web,telegram]

Resident memory as the kernel counts it. For the growth each of the people really writes over HTTP: by `web`, eight at once,
opens the page and says /start to it; by `telegram`, 64 at once, sends three messages to the webhook and hears four replies
at the Bot API. What the process holds when the first `--from` have finished is compared with what it holds when `--to` have.
On the web every 50 visitors come from a network of their own, for the page takes only so much from one.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.measure import begin, databases, heard, memory_mib, ports, running, say, world
from tests.benchmarks.turns import ANSWERS, NIDAA, nidaa
from tests.benchmarks.visitor import Visitor

MOST_MIB, MOST_BYTES = 90, 100
AT_ONCE = 64
_OF_ONE_NETWORK = 50
_CLERKS = 8
_REFERENCE = re.compile(r">\d{4}-\d{4}<")
CONVERSATION = ("/start", "واخا", *ANSWERS, "نعم", ANSWERS[3])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--ways", default="web,telegram")
    parser.add_argument("--from", type=int, default=1000, dest="first")
    parser.add_argument("--to", type=int, default=50_000, dest="last")
    chosen = parser.parse_args(arguments)
    with databases(chosen.engines) as make:
        for engine in chosen.engines.split(","):
            started, talked = footprint(make(engine, "memory"))
            say(f"{engine:10} web alone: started={started:.1f} MiB  after a conversation={talked:.1f} MiB (aim: {MOST_MIB})")
            for way in chosen.ways.split(","):
                grow = by_web if way == "web" else by_telegram
                before, after = grow(make(engine, "memory"), chosen.first, chosen.last)
                each = (after - before) * 1024 * 1024 / (chosen.last - chosen.first)
                say(
                    f"{engine:10} {way:8}  {chosen.first} people={before:.1f} MiB  {chosen.last} people={after:.1f} MiB"
                    f"  growth={each:.0f} bytes a person (aim: {MOST_BYTES})"
                )


@contextmanager
def _web(url: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port, _ = ports()
    with TemporaryDirectory() as folder:
        command, environment = nidaa(url, Path(folder), port)
        with running(command, environment, "nidaa:") as process:
            yield process, port


def footprint(url: str) -> tuple[float, float]:
    """MiB after the start, and after one sign-up from the first word to the signature."""
    with _web(url) as (process, port), Visitor(port) as visitor:
        visitor.opens_page()
        started = memory_mib(process.pid)
        pages = [visitor.says(said) for said in CONVERSATION]
        assert _REFERENCE.search(pages[-1]), "the sign-up did not come to its end"
        return started, memory_mib(process.pid)


def by_web(url: str, first: int, last: int) -> tuple[float, float]:
    """MiB when `first` visitors have talked, and when `last` have."""
    with _web(url) as (process, port):
        numbers = count()
        _talk(port, numbers, first)
        before = memory_mib(process.pid)
        _talk(port, numbers, last - first)
        return before, memory_mib(process.pid)


def _talk(port: int, numbers: Iterator[int], how_many: int) -> None:
    """So many new visitors open the page and begin, several at once."""
    left, failed = iter(range(how_many)), list[BaseException]()

    def work() -> None:
        try:
            while some := [next(numbers) for _ in zip(range(_OF_ONE_NETWORK), left, strict=False)]:
                network = 2 + some[0] // _OF_ONE_NETWORK
                with Visitor(port, f"127.{1 + network // 65536}.{network // 256 % 256}.{network % 256}") as visitor:
                    for _ in some:
                        visitor.opens_page()
                        visitor.says("/start")
        except Exception as error:
            failed.append(error)
            raise

    clerks = [threading.Thread(target=work) for _ in range(_CLERKS)]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    assert not failed


def by_telegram(url: str, first: int, last: int) -> tuple[float, float]:
    """MiB when `first` people have said the first three things of a sign-up, and when `last` have."""
    port, api_port = ports()
    with TemporaryDirectory() as folder:
        command, environment = nidaa(url, Path(folder), port, api_port)
        process_of: AbstractContextManager[subprocess.Popen[str]] = running(command, environment, "nidaa:")
        milestones = f"{first} {last}"
        with (
            world(NIDAA[:3], port=port, api_port=api_port, people=AT_ONCE, warm=0, milestones=milestones) as people,
            process_of as process,
        ):
            begin(people)
            assert heard(people) == str(first)
            before = memory_mib(process.pid)
            assert heard(people) == str(last)
            return before, memory_mib(process.pid)


if __name__ == "__main__":
    main()
