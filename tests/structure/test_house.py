"""The house: imports, sizes, what may be caught, what may be logged, what the documents must name."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from bot import logs
from bot.actions.desktop import Desktop
from bot.core import errors
from bot.flows.catalogue import COMMANDS
from bot.main import make_seals
from bot.settings import Settings, variable
from handlers.cli.commands import cli
from handlers.ticks.timetable import timetable
from tests.bot.core.setting import SETTINGS, SETUP

ROOT = Path(__file__).parents[2]
CODE = sorted(path for folder in ("bot", "handlers", "storage") for path in (ROOT / folder).rglob("*.py"))
LOOPS = {
    *("bot/main.py", "bot/actions/desk.py", "bot/actions/deliveries.py", "bot/actions/broadcasts.py"),
    *("handlers/ticks/timetable.py", "handlers/telegram/pulse.py"),
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def nodes(kind: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield path, node


def test_imports_point_inwards() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_file_is_longer_than_a_newcomer_can_read() -> None:
    long = {name(path): lines for path in CODE if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert {path: lines for path, lines in long.items() if "migrations/versions" not in path} == {}


def test_no_function_is_longer_than_fifty_lines() -> None:
    long = [
        f"{name(path)}:{node.name}"
        for kind in (ast.FunctionDef, ast.AsyncFunctionDef)
        for path, node in nodes(kind)
        if isinstance(node, kind) and (node.end_lineno or 0) - node.lineno > 50 and "migrations/versions" not in name(path)
    ]
    assert long == []


def test_every_module_says_what_it_owns() -> None:
    silent = [name(path) for path in CODE if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_only_loops_catch_everything() -> None:
    catching = {
        name(path)
        for path, node in nodes(ast.ExceptHandler)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    }
    assert catching <= LOOPS


def test_log_calls_name_only_facts_that_may_be_logged() -> None:
    wrong = []
    for path, node in nodes(ast.Call):
        assert isinstance(node, ast.Call)
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "log":
            wrong += [f"{name(path)}:{node.lineno}" for word in node.keywords if word.arg not in logs.ALLOWED]
            if any(not isinstance(argument, ast.Constant) for argument in node.args):
                wrong.append(f"{name(path)}:{node.lineno}")
    assert wrong == []


def test_a_fact_that_is_not_listed_never_reaches_the_log(logged) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    import logging

    import structlog

    structlog.get_logger().warning("something", president="فاطمة العلوي", count=1)
    logging.getLogger("library").error("could not reach %s", "https://example.org/bot123:token")
    try:
        raise ValueError("0600000001")
    except ValueError:
        structlog.get_logger().exception("failed")
    out = logged.getvalue()
    assert "فاطمة" not in out
    assert "token" not in out
    assert "0600000001" not in out
    assert '"count": 1' in out
    assert '"error": "ValueError"' in out


def leaves(kind: type[errors.BotError]) -> Iterator[type[errors.BotError]]:
    for below in kind.__subclasses__():
        yield from leaves(below) if below.__subclasses__() else (below,)


@pytest.mark.parametrize("leaf", list(leaves(errors.BotError)), ids=lambda leaf: leaf.__name__)
def test_every_leaf_of_the_error_tree_is_raised_and_tested(leaf: type[errors.BotError]) -> None:
    raised = re.compile(rf"(raise|return) {leaf.__name__}\b")
    assert any(raised.search(path.read_text(encoding="utf-8")) for path in CODE)
    tests = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__))
    assert any(leaf.__name__ in text for text in tests)


def test_the_error_tree_is_drawn_whole() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    assert {leaf.__name__ for leaf in leaves(errors.BotError)} | {"DeliveryFailed"} == drawn


def documents() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")))


@pytest.mark.parametrize("setting", [variable(field) for field in Settings.model_fields])
def test_every_setting_is_documented(setting: str) -> None:
    assert f"`{setting}`" in documents()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_documented(command: str) -> None:
    assert f"`/{command}`" in documents()


def operators_commands(group: typer.Typer, before: str = "nidaa") -> Iterator[str]:
    for command in group.registered_commands:
        assert command.callback is not None
        yield f"{before} {command.name or command.callback.__name__}"
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from operators_commands(inner.typer_instance, f"{before} {inner.name}")


@pytest.mark.parametrize("command", list(operators_commands(cli)))
def test_every_command_of_operators_is_documented(command: str) -> None:
    assert re.search(rf"\| `{command}[ `]", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("tick", [tick.name for tick in timetable(Desktop(SETUP, make_seals(SETTINGS), None))])
def test_every_tick_is_documented(tick: str) -> None:
    assert f"`{tick}`" in documents()


def test_every_table_is_in_the_glossary() -> None:
    from storage.tables import metadata

    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert [table for table in metadata.tables if f"`{table}`" not in glossary] == []


def test_no_registry_host_and_no_path_of_a_machine_is_in_any_file() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    hosts = re.compile("|".join(("pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npm", "deb" + r"\.debian")))
    found = [
        path
        for path in listed.stdout.split()
        if (ROOT / path).is_file() and hosts.search((ROOT / path).read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []
