"""Where a person stands when a message arrives, and where the message leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from bot.core.flow import Answer, State
from bot.core.messages import Outgoing
from bot.core.text import Value
from bot.flows.effects import Effect

Announcements: TypeAlias = Literal["unasked", "yes", "no"]


@dataclass(frozen=True, slots=True)
class Talk:
    """What is kept of a conversation. At most two flows are open, the older first.

    `counter` is the highest step asked so far; `pressed` the last button taken, so that a double tap stays quiet;
    `lost` how many messages in a row nobody was asking for and nobody understood; `keyboard_up`: the channel's button for
    sharing the number is on the screen; `tries` wrong codes in a row, and
    until when the next one waits.
    """

    counter: int = 0
    stack: tuple[State, ...] = ()
    pressed: str = ""
    lost: int = 0
    keyboard_up: bool = False
    tries: int = 0
    tries_until: datetime | None = None

    @property
    def top(self) -> State | None:
        return self.stack[-1] if self.stack else None

    def draft(self, flow: str) -> State | None:
        """The open state of that flow, on top or beneath."""
        return next((state for state in self.stack if state.flow == flow), None)


@dataclass(frozen=True, slots=True)
class Standing:
    """`new`: this is the person's first message ever. `subject`: the id on the button that was pressed, if it had one."""

    person: int
    channel: str
    language: str
    announcements: Announcements
    talk: Talk
    new: bool = False
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A person's latest sign-up as commands need it; `answers` are what was sent, ready to be changed.

    `status`, `decided_at`, `reason` and `reopens` are those of the last decision the person was told of. `seat` is the
    request it was joined to, when its status is `merged`.
    """

    id: int
    status: str
    since: datetime
    answers: Mapping[str, Answer] = field(default_factory=dict)
    decided_at: datetime | None = None
    reason: Value = ""
    reopens: str | None = None
    seat: Request | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one message leads to. `language`: the one the replies are told in, when it has just changed."""

    talk: Talk
    replies: tuple[Outgoing, ...] = ()
    effects: tuple[Effect, ...] = ()
    language: str | None = None
