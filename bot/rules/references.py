"""References: the number people read out on the phone. Digits only, not in sequence, with a check digit."""

from __future__ import annotations

_PRIME, _SPREAD = 9_999_991, 4_726_391
_LUHN = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def reference(number: int) -> str:
    """«4726-3913» for a sign-up's id from 1 to 9,999,990: one reference an id, neighbours far apart.

    The last digit catches any single mistyped digit and most swapped neighbours (Luhn).
    """
    if not 0 < number < _PRIME:
        raise ValueError(f"no reference for id {number}")
    body = f"{number * _SPREAD % _PRIME:07d}"
    return f"{body[:4]}-{body[4:]}{_check_digit(body)}"


def _check_digit(body: str) -> int:
    total = sum(_LUHN[int(digit)] if place % 2 == 0 else int(digit) for place, digit in enumerate(reversed(body)))
    return -total % 10
