"""Announcements after they were confirmed: one announcement's card and figures, the question before it is stopped, its
report, and what a second coordinator is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.core import calendar
from bot.core.flow import NO, YES, Answers, Choice, Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.messages import Button, Outgoing
from bot.core.text import AsTold, Joined, Sayable, Text, lines, paragraphs, t
from bot.flows.audiences import LIST, told
from bot.flows.command import AREA, go, speaker
from bot.flows.effects import ControlAnnouncement
from bot.rules.audience import Audience
from bot.rules.permissions import Coordinator, may

SHOWN = 10
"""How many announcements the list shows."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What became of an announcement, by person: `targeted` is always sent, waiting, failed and skipped together. Those left
    out beforehand are counted apart. `repeats`: in flight when a sender stopped, and sent again."""

    targeted: int = 0
    sent: int = 0
    waiting: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    opted_out: int = 0
    unreachable: int = 0
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Announced:
    """An announcement as the committee sees it. `by` is its author: id and name, None when that person is gone; `at` when it
    was confirmed, `due_at` when it leaves or left. `scope`: the category that its author keeps to."""

    id: int
    title: str
    state: str
    at: datetime
    due_at: datetime
    by: tuple[int, str] | None = None
    body_ar: str = ""
    body_fr: str | None = None
    audience: Audience = field(default_factory=lambda: Audience(()))
    scope: str | None = None
    sums: Sums = Sums()

    @property
    def failed(self) -> int:
        return sum(self.sums.failed.values())


def announced_in(known: Known) -> Announced | None:
    found = known.loaded.get("announcement")
    return found if isinstance(found, Announced) else None


NOT_YOURS = t("This announcement is not among yours, or it no longer exists.")
STATES: dict[str, Text] = {
    "waiting": t("waiting for a second coordinator"),
    "scheduled": t("waiting for its hour"),
    "freezing": t("being sent"),
    "sending": t("being sent"),
    "paused": t("paused"),
    "stopped": t("stopped"),
    "done": t("finished"),
    "cancelled": t("cancelled"),
}
REASONS: dict[str, Text] = {
    "gone": t("have blocked us or left the channel: {count}"),
    "refused": t("the channel refused the message: {count}"),
    "stopped": t("sending was stopped before their turn: {count}"),
    "opted_out": t("stopped announcements in the meantime: {count}"),
    "fatigue": t("had enough messages from us this week: {count}"),
    "erased": t("asked for deletion in the meantime: {count}"),
}
_OTHER_REASON = t("another reason: {count}")
SENDING = frozenset({"freezing", "sending"})


def figures(sums: Sums) -> Sayable:
    """They add up: targeted = sent + waiting + failed + not sent."""
    failed, skipped = sum(sums.failed.values()), sum(sums.skipped.values())
    head = t("Recipients: {count}\nSent: {sent}\nStill to be sent: {waiting}\nFailed: {failed}\nNot sent: {skipped}")
    beforehand = sums.opted_out + sums.unreachable
    left_out = t("Left out beforehand: {count} (do not want announcements: {opted_out}, cannot be reached: {unreachable})")
    repeats = t("Perhaps sent twice, because the sender was cut off: {count}")
    return lines(
        head(count=sums.targeted, sent=sums.sent, waiting=sums.waiting, failed=failed, skipped=skipped),
        *_reasons(sums.failed),
        *_reasons(sums.skipped),
        left_out(count=beforehand, opted_out=sums.opted_out, unreachable=sums.unreachable) if beforehand else None,
        repeats(count=sums.repeats) if sums.repeats else None,
    )


def _reasons(counts: Mapping[str, int]) -> Iterator[Text]:
    for reason, count in counts.items():
        if count:
            yield t("– {reason}")(reason=REASONS.get(reason, _OTHER_REASON)(count=count))


def unchanged(found: Announced) -> Text:
    """Pressed too late, or twice."""
    return t("Nothing was changed. State of the announcement: {state}.")(state=STATES.get(found.state, Text(found.state)))


def card(found: Announced, known: Known) -> Sayable:
    due = found.due_at.astimezone(known.zone)
    facts = t("“{title}”: {state}\nBy: {coordinator}\nAudience: {audience}\nLeaves: {date} at {time}")
    gone = t("“{title}”: {state}\nBy: {coordinator}\nAudience: {audience}\nLeft: {date} at {time}")
    left = found.state not in ("waiting", "scheduled", "cancelled")
    head = (gone if left else facts)(
        title=found.title,
        state=STATES.get(found.state, Text(found.state)),
        coordinator=found.by[1] if found.by else t("the coordination team"),
        audience=told(found.audience, known, scope=found.scope),
        date=calendar.day(due.date()),
        time=calendar.clock(due),
    )
    if not left:
        return lines(head, t("Nothing has been sent."))
    return paragraphs(head, figures(found.sums))


def choices_for(found: Announced, coordinator: Coordinator) -> tuple[Button, ...]:
    """What can still be done to it, a button each; for who only reads, nothing but to look again."""
    pause, resume = go("pause_sending", t("Pause"), found.id), go("resume_sending", t("Go on sending"), found.id)
    stop, look = go("stop_sending", t("Stop sending"), found.id), go("announcement", t("Look again"), found.id)
    drop = go("cancel_sending", t("Cancel it"), found.id)
    if not may(coordinator, "coordinator"):
        return (look,) if found.state in SENDING else ()
    match found.state:
        case "freezing" | "sending":
            return (look, pause, stop)
        case "paused":
            return (resume, stop)
        case "scheduled":
            return (drop,)
        case "waiting":
            mine = found.by is not None and found.by[0] == coordinator.id
            approve = go("approve_sending", t("Confirm it"), found.id)
            return (drop,) if mine else (approve, go("refuse_sending", t("Do not send"), found.id))
        case "done" | "stopped":
            return again(found)
    return ()


def again(found: Announced) -> tuple[Button, ...]:
    return (go("send_again", t("Send to the failed"), found.id),) if found.failed else ()


def report(found: Announced, unreached: Sequence[str], known: Known) -> Outgoing:
    """What its author is told when it is done; `unreached` are associations that did not get it, as many as fit."""
    due = found.due_at.astimezone(known.zone)
    head = t("Report of the announcement “{title}” of {date}")(title=found.title, date=calendar.day(due.date()))
    names = t("Not reached ({failed}): {list}\nYou can call them or send an e-mail.")
    listed = Joined(tuple(Text("{name}", {"name": name}) for name in unreached), "، ")
    return Outgoing(
        paragraphs(lines(head, figures(found.sums)), names(failed=found.failed, list=listed) if unreached else None),
        (*again(found), LIST, AREA),
    )


def review_asked(found: Announced, rendered: Sequence[str], recipients: int, known: Known) -> Outgoing:
    """What a second coordinator is shown before it may leave: the texts as they are received, in each language."""
    ask = t("{coordinator} asks you to confirm an announcement to {count} recipients. This is what they will see:")
    fence = Text("———")
    head = ask(coordinator=found.by[1] if found.by else t("the coordination team"), count=recipients)
    buttons = (go("approve_sending", t("Confirm it"), found.id), go("refuse_sending", t("Do not send"), found.id))
    audience = t("Audience: {audience}")(audience=told(found.audience, known, scope=found.scope))
    bodies = [part for text in rendered for part in (Text("{body}", {"body": AsTold(text)}), fence)]
    return Outgoing(lines(head, fence, *bodies, audience), (*buttons, LIST, AREA))


def reviewed(id_: int, title: str, by: str, *, confirmed: bool) -> Outgoing:
    """What its author is told of a second coordinator's word."""
    yes = t("The announcement “{title}” was confirmed by {coordinator}. It leaves now, or at its hour.")
    no = t("The announcement “{title}” was not confirmed by {coordinator}. It is not sent to anyone.")
    said = (yes if confirmed else no)(title=title, coordinator=by)
    return Outgoing(said, (go("announcement", t("Look at it"), id_), LIST, AREA))


def _sure(_: Answers, known: Known) -> Sayable:
    found = announced_in(known)
    if found is None:
        return NOT_YOURS
    ask = t("Stop sending “{title}”? Sent so far: {sent} of {count}. The others will not get it.")
    return ask(title=found.title, sent=found.sums.sent, count=found.sums.targeted)


def _stopped(_: State, known: Known) -> Ending:
    """The exact numbers follow once the last message on its way has arrived."""
    found = announced_in(known)
    if found is None:
        return Ending(NOT_YOURS, buttons=(LIST, AREA))
    card_ = go("announcement", t("Look at it"), found.id)
    if found.state not in SENDING | {"paused"}:
        return Ending(unchanged(found), buttons=(card_, LIST, AREA))
    sums = found.sums
    stopped = t("Sending stopped. Already sent: {sent}. Not sent: {not_sent}.")
    said = stopped(sent=sums.sent, not_sent=sums.targeted - sums.sent)
    return Ending(said, (ControlAnnouncement(found.id, "stop", by=speaker(known).id),), buttons=(card_, LIST, AREA))


STOP_SENDING = Flow(
    name="stop_sending",
    version=1,
    title=t("Stop sending"),
    questions=(
        Question(
            key="sure",
            ask=_sure,
            choices=(
                Choice("yes", t("Stop sending"), words=YES | {"stop"}),
                Choice(
                    "no", t("Let it go on"), words=NO | {"cancel"}, does="leave", tell=lambda _: t("Nothing was changed.")
                ),
            ),
            counted=False,
            ack=quietly,
        ),
    ),
    finish=_stopped,
    left=lambda state, _: Ending(buttons=(go("announcement", t("Look at it"), state.subject), LIST, AREA)),
    role="coordinator",
    needs=frozenset({"announcement"}),
)
FLOWS = (STOP_SENDING,)
