"""Limits per key, in bounded memory."""

from __future__ import annotations

from handlers.web import limits
from handlers.web.limits import Limiter
from tests.fakes.clock import Clock


def test_one_key_does_not_use_up_anothers() -> None:
    limiter, clock = Limiter(most=2, per_second=1), Clock()
    assert [limiter.allows("a", clock()) for _ in range(3)] == [True, True, False]
    assert limiter.allows("b", clock())
    clock.advance(seconds=1)
    assert limiter.allows("a", clock())


def test_what_is_remembered_is_bounded() -> None:
    limiter, clock = Limiter(most=1, per_second=1), Clock()
    for number in range(limits._REMEMBERED + 100):
        limiter.allows(str(number), clock())
    assert len(limiter._left) == limits._REMEMBERED
