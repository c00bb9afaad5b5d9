"""What the committee asks for about announcements: a new one, the list, one's figures, and what can still be done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from bot.core import calendar
from bot.core.bidi import shorten
from bot.core.known import Known
from bot.core.messages import Button
from bot.core.text import Sayable, Text, lines, paragraphs, t
from bot.flows import moves
from bot.flows.announced import (
    NOT_YOURS,
    SENDING,
    STATES,
    STOP_SENDING,
    Announced,
    announced_in,
    card,
    choices_for,
    unchanged,
)
from bot.flows.audiences import AUDIENCE, LIST
from bot.flows.command import AREA, Command, go, speaker
from bot.flows.effects import ControlAnnouncement, Effect
from bot.flows.standing import Outcome, Standing
from bot.rules.permissions import may


def broadcast(standing: Standing, known: Known) -> Outcome:
    """A new announcement."""
    return moves.opened(standing.talk, known, AUDIENCE.name)


def _said(standing: Standing, say: Sayable, *buttons: Button, effects: tuple[Effect, ...] = ()) -> Outcome:
    return replace(moves.aside(standing.talk, say, *buttons, LIST, AREA), effects=effects)


def announcements(standing: Standing, known: Known) -> Outcome:
    """The newest first, a button each."""
    found: Sequence[Announced] = known.loaded["announcements"]
    new = (go("broadcast", t("New announcement")),) if may(speaker(known), "coordinator") else ()
    if not found:
        nothing = t("No announcement has been sent yet.")
        return moves.aside(standing.talk, nothing, *new, AREA)
    told = lines(*(_line(each, known, number) for number, each in enumerate(found, 1)))
    buttons = (
        Button(Text("{title}", {"title": shorten(each.title, 15)}), f"go:{each.id}:announcement", number)
        for number, each in enumerate(found, 1)
    )
    said = paragraphs(t("Announcements, the newest first:"), told, t("Press one to see its figures."))
    return moves.aside(standing.talk, said, *buttons, *new, AREA)


def _line(each: Announced, known: Known, number: int) -> Text:
    line = t("{number}. “{title}”, {date}: {state}, sent {sent} of {count}")
    due = each.due_at.astimezone(known.zone)
    return line(
        number=number,
        title=each.title,
        date=calendar.short_day(due.date()),
        state=STATES.get(each.state, Text(each.state)),
        sent=each.sums.sent,
        count=each.sums.targeted,
    )


def announcement(standing: Standing, known: Known) -> Outcome:
    found = announced_in(known)
    if found is None:
        return _said(standing, NOT_YOURS)
    return _said(standing, card(found, known), *choices_for(found, speaker(known)))


def _already(standing: Standing, found: Announced, known: Known) -> Outcome:
    """Pressed too late, or twice: how it stands, and nothing is changed."""
    return _said(standing, paragraphs(unchanged(found), card(found, known)), *choices_for(found, speaker(known)))


def _controls(
    name: str, action: Literal["pause", "resume", "cancel", "send_again"], states: frozenset[str], done: Text, then: str
) -> Command:
    """A command that does one thing to an announcement that is in one of these states; `then`: the state it is in after."""

    def act(standing: Standing, known: Known) -> Outcome:
        found = announced_in(known)
        if found is None:
            return _said(standing, NOT_YOURS)
        if found.state not in states or (action == "send_again" and not found.failed):
            return _already(standing, found, known)
        effect = ControlAnnouncement(found.id, action, by=speaker(known).id)
        after = replace(found, state=then)
        return _said(standing, done(title=found.title), *choices_for(after, speaker(known)), effects=(effect,))

    return Command(name, act, needs=_ONE, role="coordinator", about=True)


def _reviews(name: str, action: Literal["approve", "cancel"], done: Text) -> Command:
    """A second coordinator's word; one's own is not enough."""

    def act(standing: Standing, known: Known) -> Outcome:
        found, coordinator = announced_in(known), speaker(known)
        if found is None:
            return _said(standing, NOT_YOURS)
        if found.state != "waiting":
            return _already(standing, found, known)
        if found.by is not None and found.by[0] == coordinator.id:
            own = t("This announcement is your own: somebody else must confirm it.")
            return _said(standing, own, *choices_for(found, coordinator))
        effect = ControlAnnouncement(found.id, action, by=coordinator.id)
        return _said(standing, done(title=found.title), effects=(effect,))

    return Command(name, act, needs=_ONE, role="coordinator", about=True)


def stop_sending(standing: Standing, known: Known) -> Outcome:
    """Asks once: what was stopped is not sent any more."""
    found = announced_in(known)
    if found is None:
        return _said(standing, NOT_YOURS)
    if found.state not in SENDING | {"paused"}:
        return _already(standing, found, known)
    return moves.opened(standing.talk, known, STOP_SENDING.name, subject=found.id)


_ONE = frozenset({"announcement"})
LISTED = Command(
    "announcements",
    announcements,
    describe=t("Coordination: announcements and their figures"),
    needs=frozenset({"announcements"}),
    role="viewer",
)
COMMANDS: tuple[Command, ...] = (
    Command("broadcast", broadcast, describe=t("Coordination: send an announcement"), role="coordinator"),
    Command("announcement", announcement, needs=_ONE, role="viewer", about=True),
    _controls("pause_sending", "pause", SENDING, t("Paused: “{title}”. Nothing more is sent until you go on."), "paused"),
    _controls("resume_sending", "resume", frozenset({"paused"}), t("“{title}” is being sent again."), "sending"),
    Command("stop_sending", stop_sending, needs=_ONE, role="coordinator", about=True),
    _controls(
        "send_again",
        "send_again",
        frozenset({"done", "stopped"}),
        t("“{title}” is sent once more to those it failed to reach, and to nobody else."),
        "sending",
    ),
    _controls(
        "cancel_sending",
        "cancel",
        frozenset({"scheduled", "waiting"}),
        t("The announcement “{title}” was cancelled. It was not sent to anyone."),
        "cancelled",
    ),
    _reviews("approve_sending", "approve", t("Confirmed: “{title}” leaves now, or at its hour.")),
    _reviews("refuse_sending", "cancel", t("The announcement “{title}” is not sent. Its author is told.")),
)
