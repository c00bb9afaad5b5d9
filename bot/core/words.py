"""What people type for yes, no, back, stop, help …: whole messages only, in Arabic, Darija, Arabizi and French."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.core.folding import fold


@dataclass(frozen=True, slots=True)
class Words:
    """Folded message → intent."""

    intents: Mapping[str, str]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Words:
        """From (intent, variant) pairs; one of several Arabic words is also known written as one («ماعرفتش»), where that
        means nothing else. Two intents for one folded variant: ValueError."""
        intents: dict[str, str] = {}
        for intent, variant in pairs:
            if intents.setdefault(fold(variant), intent) != intent:
                raise ValueError(f"{variant!r} means {intent} and {intents[fold(variant)]}")
        joined: defaultdict[str, set[str]] = defaultdict(set)
        for key, intent in intents.items():
            if " " in key and not key.isascii():
                joined[key.replace(" ", "")].add(intent)
        return cls({key: meant.pop() for key, meant in joined.items() if len(meant) == 1} | intents)

    def intent(self, typed: str) -> str | None:
        """What the whole message means; None when it is no known word. Long messages are never words."""
        return self.intents.get(fold(typed)) if len(typed) <= 60 else None
