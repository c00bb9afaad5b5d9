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


def test_a_key_is_forgotten_when_its_allowance_is_whole_again() -> None:
    limiter, clock = Limiter(most=2, per_second=1), Clock()
    limiter.allows("a", clock())
    clock.advance(seconds=1)
    limiter.allows("b", clock())
    clock.advance(seconds=1)
    assert limiter.allows("c", clock())
    assert list(limiter._left) == ["b", "c"]


def test_who_asks_too_much_is_not_forgotten_for_asking_again() -> None:
    limiter, clock = Limiter(most=2, per_second=1), Clock()
    assert [limiter.allows("a", clock()) for _ in range(4)] == [True, True, False, False]
    limiter.allows("b", clock())
    assert not limiter.allows("a", clock())
