"""Updates are read tolerantly: what we use, if it is there and what it should be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from bot.core.errors import UpdateUnreadable
from bot.core.messages import Address, Attached, FromGroup, Incoming, Pressed, Shared, Typed
from handlers.telegram.updates import read_update

FATIMA = {"id": 7, "is_bot": False, "first_name": "x", "language_code": "ar"}
PRIVATE = {"id": 7, "type": "private"}


def message(**what: Any) -> bytes:
    return json.dumps({"update_id": 1, "message": {"message_id": 2, "from": FATIMA, "chat": PRIVATE, **what}}).encode()


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ({"text": "نعم"}, Typed("نعم")),
        ({"text": ""}, Typed("")),
        ({"contact": {"phone_number": "212600000001", "user_id": 7}}, Shared("212600000001", own=True)),
        ({"contact": {"phone_number": "212600000001", "user_id": 8}}, Shared("212600000001", own=False)),
        ({"contact": {"phone_number": 212600000001}}, Shared("212600000001", own=False)),
        ({"voice": {}}, Attached("voice")),
        ({"video_note": {}}, Attached("voice")),
        ({"sticker": {}}, Attached("sticker")),
        ({"photo": [], "caption": "x"}, Attached("photo")),
        ({"document": {}}, Attached("file")),
        ({"venue": {}, "location": {}}, Attached("location")),
        ({"dice": {}}, Attached("other")),
    ],
)
def test_a_private_message_becomes_its_content(what: dict[str, Any], content: Any) -> None:
    assert read_update(message(**what)) == Incoming(Address("telegram", "7"), "1", content, "ar")


def test_what_is_longer_than_the_platform_allows_is_cut_and_a_strange_language_is_none() -> None:
    assert read_update(message(text="x" * 5000)) == Incoming(Address("telegram", "7"), "1", Typed("x" * 4096), "ar")
    for strange in ("\x00\x00", "عربية", "1", ""):
        read = read_update(message(text="x", **{"from": {**FATIMA, "language_code": strange}}))
        assert read == Incoming(Address("telegram", "7"), "1", Typed("x"), None)


def test_a_press_carries_its_payload_and_what_must_be_acknowledged() -> None:
    press = {"id": "q", "from": FATIMA, "data": "signup:1:=agree:x", "message": {"chat": PRIVATE}}
    read = read_update(json.dumps({"update_id": 5, "callback_query": press}).encode())
    assert read == Incoming(Address("telegram", "7"), "5", Pressed("signup:1:=agree:x", "q"), "ar")


def test_a_command_in_a_group_is_a_call_and_other_words_there_are_none_of_ours() -> None:
    group = {"id": -100, "type": "supergroup"}
    read = read_update(message(text="/start@nidaa", chat=group))
    assert read == Incoming(Address("telegram", "-100"), "group:-100", FromGroup())
    assert read_update(message(text="سلام", chat=group)) is None


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1, "edited_message": {"text": "x"}},
        {"update_id": 1, "poll": {}},
        {"update_id": 1, "something_new": {"a": 1}},
        {"update_id": 1, "message": {"chat": PRIVATE, "text": "no sender"}},
        {"update_id": 1, "message": {"chat": PRIVATE, "from": {**FATIMA, "is_bot": True}, "text": "a bot"}},
        {"update_id": 1, "message": {"chat": {"type": "channel"}, "from": FATIMA, "text": "a post"}},
        {"update_id": 1, "message": {"chat": PRIVATE, "from": FATIMA, "pinned_message": {}}},
        {"update_id": 1, "message": "not an object"},
        {"update_id": 1, "callback_query": {"id": "q", "from": FATIMA}},
        {"update_id": 1, "message": {"chat": PRIVATE, "from": {**FATIMA, "id": True}, "text": "a flag"}},
        {"update_id": 1, "message": {"chat": PRIVATE, "from": {**FATIMA, "id": 2**63}, "text": "too large"}},
        {"update_id": 1, "message": {"chat": PRIVATE, "from": {**FATIMA, "id": -7}, "text": "a group's number"}},
    ],
)
def test_what_is_of_no_use_to_us_is_passed_over(update: dict[str, Any]) -> None:
    assert read_update(json.dumps(update).encode()) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"update_id": null}',
        b'{"update_id": "1"}',
        b'{"update_id": true}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_update_is_called_unreadable(body: bytes) -> None:
    with pytest.raises(UpdateUnreadable):
        read_update(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WHOLE = json.loads(message(text="x", contact={"phone_number": "1", "user_id": 7}))


@given(st.data())
def test_any_field_may_be_missing_null_or_of_another_kind(data: st.DataObject) -> None:
    update = json.loads(json.dumps(WHOLE))
    part: Any = update
    path = data.draw(st.sampled_from([("message",), ("message", "from"), ("message", "chat"), ("message", "contact")]))
    for name in path[:-1]:
        part = part[name]
    holder = part[path[-1]]
    field = data.draw(st.sampled_from(sorted(holder)))
    change = data.draw(st.sampled_from(["remove", "replace"]))
    if change == "remove":
        del holder[field]
    else:
        holder[field] = data.draw(JSON)
    read_update(json.dumps(update).encode())


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    try:
        read_update(body)
    except UpdateUnreadable:
        return
