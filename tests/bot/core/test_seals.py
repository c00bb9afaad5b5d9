"""Seals: a payload belongs to one person and cannot be made up."""

from __future__ import annotations

from hypothesis import given, strategies as st

from bot.core.seals import Seals

SEALS = Seals(b"a key for the tests")


@given(st.text(), st.text(min_size=1))
def test_a_sealed_payload_opens_for_its_owner_alone(payload: str, owner: str) -> None:
    sealed = SEALS.seal(payload, owner=owner)
    assert SEALS.open(sealed, owner=owner) == payload
    assert SEALS.open(sealed, owner=owner + "x") is None
    assert Seals(b"another key").open(sealed, owner=owner) is None


@given(st.text())
def test_no_text_opens_by_chance(text: str) -> None:
    assert SEALS.open(text, owner="1") is None


def test_a_digest_fits_its_column_and_hides_the_secret() -> None:
    digest = SEALS.digest("r4821773055")
    assert len(digest) == 43
    assert digest != Seals(b"another key").digest("r4821773055")
