"""System calls of running processes, as strace tells them: which there were, and what it can do to them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

FLUSHES = ("fsync", "fdatasync")
READS = ("read", "readv", "recvfrom", "recvmsg")
WRITES = ("write", "writev", "pwrite64", "sendto", "sendmsg")
_LINE = re.compile(r"(?P<thread>\d+) +(?P<at>[\d.]+) (?P<rest>.*)")
_WHOLE = re.compile(r"(?P<name>\w+)\((?P<told>.*)\) += (?P<result>.*?)(?: <(?P<took>[\d.]+)>)?$")
_BEGUN = re.compile(r"(?P<name>\w+)\((?P<told>.*) <unfinished \.\.\.>$")
_FILE = re.compile(r"\d+<(.*?)>(?=, |$)")
_ENDED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class SystemCall:
    """`told` are the arguments as strace writes them, `result` what came back; moments in seconds."""

    thread: int
    name: str
    told: str
    result: str
    began: float
    ended: float

    @property
    def file(self) -> str:
        """What the first argument, a file's number, stands for."""
        found = _FILE.match(self.told)
        return found[1] if found else ""


def skip_without_strace() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed here")


@contextmanager
def attached(threads: Sequence[int], *options: str) -> Iterator[subprocess.Popen[str]]:
    """strace on these threads alone, or with `-f` on their processes and whatever these start; skips the test where that
    is not allowed."""
    numbers = [part for thread in threads for part in ("-p", str(thread))]
    strace = subprocess.Popen(["strace", *options, *numbers], stderr=subprocess.PIPE, text=True)
    try:
        assert strace.stderr is not None
        for _ in threads:
            line = strace.stderr.readline()
            if "attached" not in line and "No such process" not in line:  # one that has just ended is no loss
                pytest.skip(f"strace may not look into processes here: {line.strip()}")
        yield strace
    finally:
        strace.terminate()
        strace.communicate(timeout=20)


@contextmanager
def traced(processes: Sequence[int], names: Sequence[str], file: Path) -> Iterator[list[SystemCall]]:
    """The calls of these names meanwhile; the list is filled when the time is over."""
    found: list[SystemCall] = []
    with attached(processes, "-f", "-ttt", "-T", "-yy", "-s", "40", "-e", f"trace={','.join(names)}", "-o", str(file)):
        yield found
    found += read_trace(file.read_text(encoding="utf-8", errors="replace"))


def read_trace(text: str) -> list[SystemCall]:
    """The calls that ended, in the order of their ends."""
    calls, begun = [], dict[int, tuple[str, float]]()
    for line in text.splitlines():
        if not (parts := _LINE.match(line)):
            continue
        thread, at, rest = int(parts["thread"]), float(parts["at"]), parts["rest"]
        if unfinished := _BEGUN.match(rest):
            begun[thread] = (f"{unfinished['name']}({unfinished['told']}", at)
            continue
        if resumed := _ENDED.match(rest):
            start, at = begun.pop(thread, (f"{resumed['name']}(", at))
            rest = f"{start}{resumed['rest']}"
        if whole := _WHOLE.match(rest):
            ended = at + float(whole["took"] or 0)
            calls.append(SystemCall(thread, whole["name"], whole["told"], whole["result"], at, ended))
    return sorted(calls, key=lambda call: call.ended)


def threads_of(process: int) -> list[int]:
    """In the order of their beginning."""
    return sorted(int(entry.name) for entry in Path(f"/proc/{process}/task").iterdir())


def descendants(process: int) -> list[int]:
    """A process and all that it started, and so on."""
    found = [process]
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        for child in children.read_text().split():
            found += descendants(int(child))
    return found
