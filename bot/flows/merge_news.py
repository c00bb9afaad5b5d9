"""What the two persons are told when their applications are joined, or stand on their own again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.messages import Outgoing
from bot.core.text import Ltr, Value, lines, paragraphs, t
from bot.flows.command import go
from bot.flows.pairs import LABELS
from bot.rules.references import reference


@dataclass(frozen=True, slots=True)
class News:
    """What the two persons are told of a merge. `taken`: the values that came from the second one, by field; `accepted`:
    the first is accepted because the second was."""

    first: int
    second: int
    association: str
    taken: Mapping[str, Value] = field(default_factory=dict)
    accepted: bool = False


_TEAM = go("contact", t("Contact the team"))
_MISTAKE = t("If this is a mistake, write to the team.")


def to_first(news: News) -> Outgoing:
    head = t(
        "A second request, {other}, came from your association, {association}. The team has joined it to yours; your"
        " reference stays {ref}."
    )
    told = head(other=Ltr(reference(news.second)), association=news.association, ref=Ltr(reference(news.first)))
    rows = [t("{field_label}: {value}")(field_label=LABELS[key], value=value) for key, value in news.taken.items()]
    changed = lines(t("Changed by this:"), *rows) if rows else None
    accepted = t("Your association is accepted.") if news.accepted else None
    return Outgoing(paragraphs(told, changed, accepted, _MISTAKE), (_TEAM, go("menu", t("Menu"))))


def to_second(news: News) -> Outgoing:
    told = t(
        "Your request {ref} and request {other} come from the same association, {association}. The team has joined them"
        " under the reference {other}. You stay a contact of the association."
    )
    said = told(ref=Ltr(reference(news.second)), other=Ltr(reference(news.first)), association=news.association)
    return Outgoing(paragraphs(said, _MISTAKE), (_TEAM, go("menu", t("Menu"))))


def undone(mine: int, other: int) -> Outgoing:
    told = t("Your request {ref} and request {other}, which had been joined, stand on their own again.")
    return Outgoing(told(ref=Ltr(reference(mine)), other=Ltr(reference(other))), (go("status", t("My request")),))


def took_over(signup: int, association: str) -> Outgoing:
    """Told to the second contact when the person who held the seat is gone."""
    told = t(
        "The other contact of your association has left. Your request {ref} stands for the association {association} now."
    )
    return Outgoing(told(ref=Ltr(reference(signup)), association=association), (go("status", t("My request")),))
