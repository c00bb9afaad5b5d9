"""References: one an id, far apart, with a check digit."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from bot.rules.references import reference


@given(st.integers(1, 9_999_990), st.integers(1, 9_999_990))
def test_two_ids_never_share_a_reference(one: int, other: int) -> None:
    assert (reference(one) == reference(other)) == (one == other)


@given(st.integers(1, 9_999_990), st.integers(0, 7), st.integers(1, 9))
def test_a_mistyped_digit_is_no_reference(number: int, place: int, change: int) -> None:
    digits = [int(digit) for digit in reference(number).replace("-", "")]
    assert _luhn(digits)
    digits[place] = (digits[place] + change) % 10
    assert not _luhn(digits)


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(digit * (1 + place % 2), 10)) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def test_neighbours_look_nothing_alike() -> None:
    assert [reference(number) for number in (1, 2, 3)] == ["4726-3918", "9452-7827", "4179-1823"]


@pytest.mark.parametrize("number", [0, -1, 9_999_991])
def test_an_id_out_of_range_has_none(number: int) -> None:
    with pytest.raises(ValueError, match="no reference"):
        reference(number)
