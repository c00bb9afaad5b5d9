"""The command line as a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Nidaa = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def database_url(tmp_path: Path, sqlite_template: Path) -> str:
    """Commands are the same over any database: one is enough here."""
    shutil.copy(sqlite_template, tmp_path / "nidaa.db")
    return f"sqlite+aiosqlite:///{tmp_path / 'nidaa.db'}"


@pytest.fixture
def environment(tmp_path: Path, database_url: str) -> dict[str, str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("NIDAA_", "LC_", "LANG"))}
    return {
        **bare,
        "NIDAA_DATA_DIR": str(tmp_path),
        "NIDAA_DATABASE_URL": database_url,
        "NIDAA_SECRET_KEY": "a secret for the tests, long enough to be one",
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
    }


@pytest.fixture
def nidaa(environment: dict[str, str], tmp_path: Path) -> Nidaa:
    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            env={**environment, "PYTHONPATH": str(Path.cwd()), **changes},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
