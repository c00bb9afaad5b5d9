"""Every guard is needed, and noticed: switched off in a copy of the tree, at least one test turns red."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

import pytest

from tests.faults.conftest import Report
from tests.faults.guards import GUARDS, Change, Guard
from tests.faults.product import ROOT

_COPIED = ("bot", "handlers", "storage", "locales", "tests")
_PATIENCE = 300
_OURS = re.compile(r"\b(SyntaxError|IndentationError|NameError|ImportError|ModuleNotFoundError|AttributeError)\b")
"""A copy that fails by one of these is broken, and nothing was switched off."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run of tests: how many, how many turned red (in the test, or in what is looked at when it is over), how many
    were skipped; `said` is the first failure in one line."""

    tests: int
    red: int
    skipped: int
    said: str
    output: str
    is_green: bool


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "guard" in metafunc.fixturenames:
        is_long = metafunc.config.getoption("--long", default=False)
        chosen = [guard for guard in GUARDS if is_long or guard.is_quick]
        metafunc.parametrize("guard", chosen, ids=[guard.name for guard in chosen])


def test_whatever_a_guard_is_switched_off_by_still_fits_the_code() -> None:
    unfit = [
        f"{guard.name}: stands {count} times in {change.file}: {change.old!r}"
        for guard in GUARDS
        for change in guard.changes
        if (count := (ROOT / change.file).read_text(encoding="utf-8").count(change.old)) != 1
    ]
    assert unfit == []


def test_the_tests_of_all_guards_pass_while_the_guards_are_on(report: Report) -> None:
    if not report.is_long:
        pytest.skip("they are run by themselves, too; all together: make faults")
    tests = sorted({guard.test for guard in GUARDS})
    outcome = run(tests, ROOT)
    assert outcome.is_green, outcome.output
    assert outcome.tests - outcome.skipped > 0
    report.tell(f"{len(tests)} tests named, {outcome.tests} run, {outcome.skipped} skipped")


def test_a_test_turns_red_when_a_guard_is_switched_off(guard: Guard, report: Report) -> None:
    began = time.monotonic()
    with switched_off(guard) as tree:
        outcome = run([guard.test], tree)
    if outcome.tests and outcome.skipped == outcome.tests:
        pytest.skip(f"{guard.test} cannot run here")
    assert outcome.red > 0, f"nothing turned red\n{outcome.output}"
    assert not _OURS.search(outcome.said), outcome.output
    report.tell(f"red, {time.monotonic() - began:.0f} s, {outcome.red} of {outcome.tests}: {outcome.said}")


@contextmanager
def switched_off(guard: Guard) -> Iterator[Path]:
    """A copy of the tree without the guard."""
    with TemporaryDirectory() as folder:
        tree = Path(folder)
        shutil.copy(ROOT / "pyproject.toml", tree)
        for name in _COPIED:
            shutil.copytree(ROOT / name, tree / name)
        for change in guard.changes:
            apply(change, tree)
        yield tree


def apply(change: Change, tree: Path) -> None:
    file = tree / change.file
    before = file.read_text(encoding="utf-8")
    assert before.count(change.old) == 1, f"{change.old!r} does not stand once in {change.file}"
    after = before.replace(change.old, change.new)
    compile(after, change.file, "exec")
    file.write_text(after, encoding="utf-8")


def run(tests: Sequence[str], tree: Path) -> Outcome:
    """These tests by an interpreter of their own, of the code in that tree."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NIDAA_", "PYTHONPATH"))}
    with TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", f"--junitxml={told}", f"--basetemp={folder}/tests", *tests],
            cwd=tree,
            env=bare,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert done.returncode in (0, 1), f"no test was run: {done.stdout}"
        suite = next(ET.parse(told).iter("testsuite"))
    counted = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
    found = [each.get("message", "") for each in (*suite.iter("failure"), *suite.iter("error"))]
    red = [" ".join(each.split()) for each in found if not each.startswith("failed on setup")]
    return Outcome(
        counted["tests"],
        len(red),
        counted["skipped"],
        said=red[0][:160] if red else "",
        output=done.stdout[-4000:],
        is_green=done.returncode == 0,
    )
