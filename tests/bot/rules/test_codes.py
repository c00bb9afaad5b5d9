"""One-time codes: read however they are written, slowed down when they are guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.rules.codes import code_from, read_code, wait_after

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["r48217-73055", "R4821773055", " r 48217 73055 ", "R٤٨٢١٧–٧٣٠٥٥", "r4821773055"])
def test_a_code_is_read_however_it_is_written(typed: str) -> None:
    assert read_code(typed) == "r4821773055"


@pytest.mark.parametrize("typed", ["", "48217-73055", "r48217", "rr4821773055", "r4821773055x", "جمعية"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_a_code_is_made_of_a_letter_and_ten_digits() -> None:
    assert code_from("r", 7) == "r00000-00007"
    assert read_code(code_from("r", 10**12 + 42)) == "r0000000042"


def test_waits_grow_after_the_fifth_wrong_one_up_to_an_hour() -> None:
    waits = [wait_after(tries, NOW) for tries in (1, 4, 5, 6, 7, 30)]
    assert waits[:2] == [None, None]
    assert [until - NOW for until in waits[2:] if until] == [timedelta(minutes=m) for m in (1, 2, 4, 60)]
