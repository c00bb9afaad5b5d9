"""Logs: one JSON object a line, named facts only.

What may be logged is listed here. Messages of exceptions are not: they may quote a person's words, a number or the bot
token (it is part of every Bot API address), so a traceback is told as its kind and its places.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

ALLOWED = frozenset(
    {
        *("event", "level", "timestamp", "error", "trace", "logger"),
        *("channel", "cause", "count", "outbox_id", "waiting", "languages", "setting", "tick", "reference"),
        *("status", "attempt", "version", "only", "wait_seconds"),
    }
)


def configure(file: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send our log and the libraries' through the same narrow gate; to standard error, or to a file."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_traceback,
            _allowed_only,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=file or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Gate()], level=max(level, logging.WARNING), force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def take_over() -> None:
    """What the interpreter itself would print of an exception that nobody caught goes through the gate, too."""

    def unraisable(caught: sys.UnraisableHookArgs) -> None:
        _tell_uncaught("unraisable", caught.exc_value)

    def thread_ended(caught: threading.ExceptHookArgs) -> None:
        _tell_uncaught("thread_ended_by_a_fault", caught.exc_value)

    sys.unraisablehook = unraisable
    threading.excepthook = thread_ended


def _tell_uncaught(event: str, error: BaseException | None) -> None:
    structlog.get_logger().error(event, exc_info=(type(error), error, error.__traceback__) if error else None)


class _Gate(logging.Handler):
    """Libraries' records: their template without its values, and the kind and places of their exception. A message without
    values may have them written into it already: of that, only the place that logged it is told."""

    def emit(self, record: logging.LogRecord) -> None:
        told = str(record.msg)[:200] if record.args else f"{record.module}:{record.lineno}"
        structlog.get_logger().log(record.levelno, told, logger=record.name, exc_info=record.exc_info or None)


def _tell_traceback(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, tuple) and found[1] is not None:
        event["error"] = type(found[1]).__name__
        event["trace"] = _places(found[2])
    return event


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places[-20:]


def _allowed_only(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED}
