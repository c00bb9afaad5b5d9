"""Bot API updates → `Incoming`. Tolerant: only the fields we use are looked at, and each may be missing or strange."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from bot.core.errors import UpdateUnreadable
from bot.core.messages import Address, Attached, Content, FromGroup, Incoming, Kind, Pressed, Shared, Typed

CHANNEL = "telegram"
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("voice", "audio", "video_note"), "voice"),
    **dict.fromkeys(("sticker", "animation"), "sticker"),
    "photo": "photo",
    **dict.fromkeys(("document", "video"), "file"),
    **dict.fromkeys(("location", "venue"), "location"),
    **dict.fromkeys(("dice", "poll", "story", "game", "paid_media", "checklist"), "other"),
}
_Part = TypeVar("_Part")
_LONGEST_TEXT, _LONGEST_PAYLOAD, _LONGEST_PHONE = 4096, 64, 40
_LARGEST_ID = 2**52
"""Telegram's own limits, checked November 2026: what is beyond them did not come from a person and is cut, so that no
update is stored, read or compared at a length that nothing was made for."""


def read_update(body: bytes) -> Incoming | None:
    """The update as we take it, or None when it is of no use to us (an edited message, a service note, a channel's post).

    Not JSON, not an object, or without a number of its own: UpdateUnreadable.
    """
    try:
        update = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UpdateUnreadable from error
    if not isinstance(update, dict) or (number := _id(update, "update_id")) is None:
        raise UpdateUnreadable
    update_id = str(number)
    press = _part(update, "callback_query", dict)
    if press is not None:
        return _from_press(update_id, press)
    message = _part(update, "message", dict)
    return _from_message(update_id, message) if message is not None else None


def _from_press(update_id: str, press: dict[str, Any]) -> Incoming | None:
    sender, receipt, payload = _part(press, "from", dict), _part(press, "id", str), _part(press, "data", str)
    chat = _part(_part(press, "message", dict) or {}, "chat", dict) or {}
    if sender is None or payload is None or chat.get("type", "private") != "private":
        return None
    return _incoming(update_id, sender, Pressed(payload[:_LONGEST_PAYLOAD], receipt))


def _from_message(update_id: str, message: dict[str, Any]) -> Incoming | None:
    chat, sender = _part(message, "chat", dict) or {}, _part(message, "from", dict)
    text = _part(message, "text", str)
    if chat.get("type") in ("group", "supergroup"):
        group = _id(chat, "id")
        called = text is not None and text.startswith("/") and group is not None
        address = Address(CHANNEL, str(group))
        return Incoming(address, f"group:{address.id}", FromGroup()) if called else None
    content = _content(message, sender or {}, text)
    if sender is None or content is None or chat.get("type") != "private":
        return None
    return _incoming(update_id, sender, content)


def _content(message: dict[str, Any], sender: dict[str, Any], text: str | None) -> Content | None:
    if text is not None:
        return Typed(text[:_LONGEST_TEXT])
    contact = _part(message, "contact", dict)
    if contact is not None:
        own = _id(contact, "user_id") is not None and _id(contact, "user_id") == _id(sender, "id")
        return Shared(str(contact.get("phone_number", ""))[:_LONGEST_PHONE], own)
    kind = next((kind for field, kind in _KINDS.items() if message.get(field) is not None), None)
    return Attached(kind) if kind is not None else None


def _incoming(update_id: str, sender: dict[str, Any], content: Content) -> Incoming | None:
    person, language = _id(sender, "id"), _part(sender, "language_code", str)
    if person is None or person <= 0 or sender.get("is_bot") is True:
        return None
    if language is not None and not (language.isascii() and language[:2].isalpha()):
        language = None
    return Incoming(Address(CHANNEL, str(person)), update_id, content, language)


def _id(whole: dict[str, Any], name: str) -> int | None:
    value = _part(whole, name, int)
    return value if value is not None and not isinstance(value, bool) and -_LARGEST_ID < value < _LARGEST_ID else None


def _part(whole: dict[str, Any], name: str, kind: type[_Part]) -> _Part | None:
    value = whole.get(name)
    return value if isinstance(value, kind) else None
