"""What a conversation may know besides what the person said: reference data, the channel's abilities, the moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from bot.core.places import Places
from bot.core.text import Speech
from bot.core.words import Words

if TYPE_CHECKING:
    from bot.core.flow import State


def _no_chance() -> int:
    """Where nothing that is made may need a secret."""
    raise LookupError("no code can be made here")


@dataclass(frozen=True, slots=True)
class Known:
    """`now` carries the zone of the reader. `can_share_phone`: the channel has a button for it.

    `spellings` gives the folded forms of a source sentence in every language; `speech` is the reader's.
    `keyboard_up`: the channel's button for the number is on the screen. `beneath` is the older open
    flow while a short one is on top of it. `chance` gives a fresh random number of ten digits, for whoever must make a
    code. `telegram` is our bot's name there, None where that channel is off. `fit_hour` gives when what is not a reply may
    leave: the moment itself by day.
    `loaded` holds what the turn fetched because a command or flow said it needs it, by that name.
    """

    words: Words
    places: Places
    speech: Speech
    spellings: Callable[[str], frozenset[str]]
    now: datetime
    zone: ZoneInfo
    channel: str
    email_required: bool = False
    can_share_phone: bool = False
    declared: bool = True
    languages: tuple[str, ...] = ("ar", "fr")
    keyboard_up: bool = False
    beneath: State | None = None
    chance: Callable[[], int] = _no_chance
    telegram: str | None = None
    fit_hour: Callable[[datetime], datetime] = lambda now: now
    loaded: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setup:
    """What stays the same for every turn of this process; `speeches` by (language, channel). `review_above`: an announcement
    to more recipients than this needs a second coordinator."""

    words: Words
    places: Places
    speeches: Mapping[tuple[str, str], Speech]
    spellings: Callable[[str], frozenset[str]]
    zone: ZoneInfo
    languages: tuple[str, ...]
    email_required: bool = False
    declared: bool = True
    telegram: Callable[[], str | None] = lambda: None
    fit_hour: Callable[[datetime], datetime] = lambda now: now
    review_above: int = 200

    def speech(self, language: str, channel: str) -> Speech:
        """The speech of that language, or of the first one we speak."""
        return self.speeches.get((language, channel)) or self.speeches[self.languages[0], channel]

    def known(
        self,
        *,
        language: str,
        channel: str,
        now: datetime,
        keyboard_up: bool = False,
        chance: Callable[[], int] = _no_chance,
    ) -> Known:
        return Known(
            words=self.words,
            places=self.places,
            speech=self.speech(language, channel),
            spellings=self.spellings,
            now=now.astimezone(self.zone),
            zone=self.zone,
            channel=channel,
            email_required=self.email_required,
            can_share_phone=channel in _SHARE_PHONE,
            declared=self.declared,
            languages=self.languages,
            keyboard_up=keyboard_up,
            chance=chance,
            telegram=self.telegram(),
            fit_hour=self.fit_hour,
        )


_SHARE_PHONE = frozenset({"telegram"})
