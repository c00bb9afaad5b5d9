"""What comes in from people and what goes out to them, the same for every channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from bot.core.text import Sayable, Text

Box: TypeAlias = Literal["text", "long", "tel", "email"]
Kind: TypeAlias = Literal["voice", "sticker", "photo", "file", "location", "other"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is reached: the channel's name and the channel's own id for the person."""

    channel: str
    id: str


@dataclass(frozen=True, slots=True)
class Typed:
    """Words as they came, not yet cleaned. A command is typed too: `/start CODE`."""

    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button's payload as it came back, not yet checked. `receipt`: what the platform wants acknowledged, if anything."""

    payload: str
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A phone number given with the platform's own button; `own` when the platform says it is the sender's."""

    phone: str
    own: bool


@dataclass(frozen=True, slots=True)
class Attached:
    """Something that is not text. Only its kind is kept."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class FromGroup:
    """Somebody called us in a group: answered once, nothing about the group is kept."""


Content: TypeAlias = Typed | Pressed | Shared | Attached | FromGroup


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update. `update_id` is unique in its channel, so a repeat is recognised; `language` is what the channel says
    of the sender's language, None when it says nothing of use."""

    address: Address
    update_id: str
    content: Content
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """`number` is shown before the label where people may also type it."""

    label: Text
    payload: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A file that a message carries, to be made or fetched when the message leaves or is looked at: no turn waits for one.

    `kind` names who makes it, `parameters` from what (only what JSON can hold), in the reader's `language`. `name` is the
    file's, as its reader sees it. `as_photo`: a picture shown with the message, made of its parameters alone, so that the
    same order is the same picture; any other file is made anew each time. From `until` on it is made no more.
    """

    kind: str
    name: str
    media_type: str
    language: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    as_photo: bool = False
    until: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        return self.until is not None and now >= self.until


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message before it meets its reader.

    `share_phone` asks the channel to offer its own button for giving the number, `drop_keyboard` to take that button
    away; `box` is what answer is awaited; `refused` says that the last answer was not taken. `commands` (name, what it
    does) replaces the list of commands that the channel shows this reader; empty: back to everybody's. `once`: it is not
    kept for a second look.
    """

    text: Sayable
    buttons: tuple[Button, ...] = ()
    share_phone: Text | None = None
    drop_keyboard: bool = False
    box: Box = "text"
    refused: bool = False
    commands: tuple[tuple[str, Text], ...] | None = None
    file: Order | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """An `Outgoing` told in its reader's language, ready for a channel; buttons are (label, sealed payload).

    `heard` is what this one answers, kept only for the channel whose page shows both sides: the words, or a button's
    sealed payload; `heard_id` is that message's update id.
    """

    text: str
    buttons: tuple[tuple[str, str], ...] = ()
    share_phone: str | None = None
    drop_keyboard: bool = False
    box: Box = "text"
    refused: bool = False
    heard: str | None = None
    heard_id: str | None = None
    commands: tuple[tuple[str, str], ...] | None = None
    file: Order | None = None
    once: bool = False


class Channel(Protocol):
    """A way out. `pushes` is False where messages wait until their reader comes for them."""

    name: str
    pushes: bool

    async def send(self, recipient: str, message: Message, content: bytes | None = None) -> Message | None:
        """Deliver, or raise a leaf of `DeliveryFailed`. `content` is the file that the message ordered, where it was made;
        without it the message goes as text. What does not fit into one message of the platform is given back, to be sent
        next once this part is recorded; None when all is said."""
