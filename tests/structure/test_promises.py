"""docs/promises.md tells nothing that cannot be run: every command selects tests, every guard is there with its test."""

from __future__ import annotations

import ast
import re
import shlex
from functools import lru_cache
from pathlib import Path

from tests.faults.guards import GUARDS

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
WITH_LONG_FORMS = ("tests/faults", "tests/races")
COMMANDS = sorted(set(re.findall(r"`pytest ([^`]+)`", DOCUMENT)))


@lru_cache(maxsize=1)
def all_tests() -> tuple[str, ...]:
    """Path and name of each test, as pytest writes them, without parameters."""
    return tuple(
        f"{file.relative_to(ROOT).as_posix()}::{node.name}"
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def selected(command: str) -> list[str]:
    """What `pytest` with these arguments would run; of options it knows `--long`, `--numprocesses=…` and `-k` with one word."""
    words = shlex.split(command)
    is_long, word = "--long" in words, words[words.index("-k") + 1] if "-k" in words else ""
    paths = [each for each in words if each not in ("--long", "-k", word) and not each.startswith("--numprocesses=")]
    assert paths, command
    assert all(re.fullmatch(r"tests[\w/]*(\.py(::\w+)?)?", path) for path in paths), command
    assert not is_long or all(path.startswith(WITH_LONG_FORMS) for path in paths), f"{command}: it has no long form"
    return [
        test
        for test in all_tests()
        if word in test and any(test == path or test.startswith((f"{path}/", f"{path}::")) for path in paths)
    ]


def test_every_command_of_the_promises_selects_tests() -> None:
    assert len(COMMANDS) > 20
    assert [command for command in COMMANDS if not selected(command)] == []


def test_a_command_that_selects_nothing_is_noticed() -> None:
    gone = ("tests/faults/test_kil.py", "tests/faults/test_kill.py::test_none", "tests -k nonesuch", "tests/fault")
    assert [command for command in gone if selected(command)] == []


def test_every_promise_has_a_command() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| ") and line.count("|") == 5]
    assert len(rows) > 20
    assert [row for row in rows if "`pytest " not in row and not row.startswith(("| promise", "| ---"))] == []


def test_every_guard_is_in_the_document_with_the_test_that_turns_red() -> None:
    told = re.findall(r"^\| ([^|]+) \| `(tests/[^`]+)` \|$", DOCUMENT, re.MULTILINE)
    assert told == [(guard.name, guard.test) for guard in GUARDS]
    missing = [guard.test for guard in GUARDS if not selected(re.sub(r"\[.*\]$", "", guard.test))]
    assert missing == []
