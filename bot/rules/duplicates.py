"""Which associations look alike: candidates for a human, never merged by a score."""

from __future__ import annotations

from dataclasses import dataclass

from rapidfuzz import fuzz

_ALIKE = 88


@dataclass(frozen=True, slots=True)
class Profile:
    """What associations are compared by: the folded name, phone (E.164), e-mail, the commune of the first centre."""

    key: str
    phone: str | None = None
    email: str | None = None
    city_code: str | None = None


def alike(one: Profile, other: Profile) -> bool:
    """The same name, phone or e-mail; or names that are nearly the same in one commune."""
    if one.key == other.key:
        return True
    if one.phone is not None and one.phone == other.phone:
        return True
    if one.email is not None and (one.email.casefold() == (other.email or "").casefold()):
        return True
    same_place = one.city_code is not None and one.city_code == other.city_code
    return same_place and fuzz.token_sort_ratio(one.key, other.key) >= _ALIKE
