"""Starts the product again and again without waiting for its libraries: each start is a fork of an interpreter that has
loaded those, and nothing of the product, and then runs `python -m bot` as anybody would. Run by tests.faults.product."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import runpy
import signal
import sys
from tempfile import TemporaryDirectory

LIBRARIES = (
    *("aiogram.client.session.aiohttp", "aiohttp", "aiosqlite", "alembic.command", "apscheduler.schedulers.asyncio"),
    *("asyncpg", "babel", "email_validator", "httptools", "jinja2", "msgspec", "phonenumbers", "pydantic_settings"),
    *("rapidfuzz", "sqlalchemy.dialects.postgresql.asyncpg", "sqlalchemy.dialects.sqlite.aiosqlite"),
    *("sqlalchemy.ext.asyncio", "sse_starlette", "starlette.applications", "structlog", "typer", "uvicorn", "uvloop"),
)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def main() -> None:
    """A line of JSON in, the number of the process that it started out, until the input ends."""
    for name in LIBRARIES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children leave no zombies
    with TemporaryDirectory() as compiled:
        sys.dont_write_bytecode, sys.pycache_prefix = False, compiled  # the product is compiled once, not at each start
        for line in sys.stdin:
            order = json.loads(line)
            child = os.fork()
            if child == 0:
                become_product(order["arguments"], order["environment"], order["log"])
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()


def become_product(arguments: list[str], environment: dict[str, str], log: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)  # whatever becomes of the tests, it does not stay behind
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    told = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(told, 1)
    os.dup2(told, 2)
    os.environ.update(environment)
    sys.argv = ["bot", *arguments]
    code = 1
    try:
        runpy.run_module("bot", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
