"""Everything this product raises on purpose.

BotError
├── SettingWrong           a setting cannot be used: the start stops and names it
├── StorageUnavailable     nothing was stored: whoever sent it must send it again (503)
├── JournalUnavailable     an erasure cannot be written down outside the database, so it is not done (parked)
├── UpdateUnreadable       what a platform sent is not an update we can read: parked, never refused
├── CommandRefused         what the operator asked of the command line cannot be done, and why
├── FileNotMade            what a message ordered cannot be made: its text goes without it
└── DeliveryFailed         a channel did not take the message
    ├── ChannelBusy        try again at the time the channel named
    ├── ChannelUnreachable try again with backoff
    ├── RecipientGone      stop writing to this address
    ├── MessageRefused     a mistake of ours: park it for a coordinator
    └── ChannelMisconfigured  stop the channel and tell an owner

An exception that is not a `BotError` is a bug: logged with its traceback, never caught by a handler.
"""

from __future__ import annotations

from datetime import timedelta

from bot.core.text import Sayable


class BotError(Exception):
    """The root of the tree above."""


class SettingWrong(BotError):
    """`name` is the variable as people set it; `why` says what is wrong and never shows the value."""

    def __init__(self, name: str, why: Sayable) -> None:
        super().__init__(name)
        self.name = name
        self.why = why


class StorageUnavailable(BotError):
    pass


class JournalUnavailable(BotError):
    pass


class UpdateUnreadable(BotError):
    pass


class CommandRefused(BotError):
    def __init__(self, why: Sayable) -> None:
        super().__init__()
        self.why = why


class FileNotMade(BotError):
    """`cause` is our word for it, in at most 80 characters; never what a library said, which may quote the file."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class DeliveryFailed(BotError):
    """`cause` is the platform's code or our word for it, never its text: that may quote the message or the token."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class ChannelBusy(DeliveryFailed):
    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


class ChannelUnreachable(DeliveryFailed):
    """`perhaps_taken`: the message was on its way when the line was lost, and nobody knows whether it arrived."""

    def __init__(self, cause: str, *, perhaps_taken: bool = False) -> None:
        super().__init__(cause)
        self.perhaps_taken = perhaps_taken


class RecipientGone(DeliveryFailed):
    pass


class MessageRefused(DeliveryFailed):
    pass


class ChannelMisconfigured(DeliveryFailed):
    pass
