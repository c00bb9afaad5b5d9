"""The audit trail in plain words: a sentence for everything that is put on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from bot.core import calendar
from bot.core.known import Known
from bot.core.text import Ltr, Sayable, Text, Value, lines, paragraphs, t
from bot.flows.committee import ROLE_NAMES, scope
from bot.flows.decisions import STATUS
from bot.rules.permissions import ROLES
from bot.rules.references import reference

SHOWN = 10
TITLE = t("Who did what")

Facts = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`actor` is a member's name; None: the command line where `channel` says so, else nobody of the committee, or somebody
    who is gone. `whom` is the name of the member it was done to."""

    id: int
    at: datetime
    action: str
    channel: str
    actor: str | None = None
    signup: int | None = None
    whom: str | None = None
    before: Facts = field(default_factory=dict)
    after: Facts = field(default_factory=dict)


def told(entries: Sequence[AuditEntry], known: Known) -> Sayable:
    """A paragraph a day, a line an entry."""
    days = groupby(entries, key=lambda entry: entry.at.astimezone(known.zone).date())
    return paragraphs(*(lines(calendar.day(day), *(_line(entry, known) for entry in of_day)) for day, of_day in days))


def _line(entry: AuditEntry, known: Known) -> Text:
    sentence = SENTENCES.get(entry.action, _OTHERWISE)
    line = t("{time}: {what} ({channel})")
    return line(
        time=calendar.clock(entry.at.astimezone(known.zone)),
        what=sentence(**_values(entry)),
        channel=_CHANNELS.get(entry.channel) or Ltr(entry.channel),
    )


def _values(entry: AuditEntry) -> dict[str, Value]:
    return {
        "who": entry.actor or (t("the command line") if entry.channel == "cli" else t("somebody outside the team")),
        "whom": entry.whom or t("somebody who has left"),
        "ref": Ltr(reference(entry.signup)) if entry.signup is not None else "",
        "other": Ltr(reference(int(second))) if (second := _either(entry, "second")) is not None else "",
        "count": int(entry.after.get("count") or 0),
        "action": Ltr(str(entry.after.get("action") or entry.action)),
        "decision": STATUS.get(str(_either(entry, "status"))) or str(_either(entry, "status")),
        "before": _place(entry.before),
        "after": _place(entry.after),
    }


def _either(entry: AuditEntry, name: str) -> str | int | bool | None:
    """A decision stands in what was done; one that was taken back in what was before."""
    before = entry.before.get(name)
    return entry.after.get(name) if before in (None, "pending") else before


def _place(facts: Facts) -> Value:
    role = next((role for role in ROLES if role == facts.get("role")), None)
    category = facts.get("category")
    if role is None:
        return ""
    return t("{role}, {scope}")(role=ROLE_NAMES[role], scope=scope(str(category) if category else None))


_CHANNELS: dict[str, Value] = {"telegram": t("Telegram"), "web": t("web page"), "cli": t("command line")}
_OTHERWISE = t("{who} did: {action}")
SENTENCES: dict[str, Text] = {
    "invite": t("{who} made a one-time code ({after})"),
    "join": t("{who} joined the team ({after})"),
    "change_role": t("{who} changed the place of {whom}: {before} became {after}"),
    "suspend": t("{who} suspended {whom}"),
    "reinstate": t("{who} let {whom} back into the team"),
    "refused": t("{who} tried something that is not theirs to do"),
    "decide": t("{who} decided on request {ref}: {decision}"),
    "undo_decision": t("{who} took back the decision on request {ref}: {decision}"),
    "void_decision": t("The president changed request {ref} in time; the decision no longer counts: {decision}"),
    "judge_pair": t("{who} saw two different associations in requests {ref} and {other}"),
    "reconsider_pair": t("{who} put requests {ref} and {other} up for comparison again"),
    "merge": t("{who} joined request {other} to request {ref}"),
    "undo_merge": t("{who} undid the merge of requests {ref} and {other}"),
    "take_over": t("Request {ref} took the place of request {other}, whose person asked for deletion"),
    "export_members": t("{who} took the table of requests away"),
    "fill_by_phone": t("{who} filled a sign-up by phone"),
    "nudge": t("{who} reminded somebody whose sign-up stopped"),
    "announce": t("{who} confirmed an announcement; recipients: {count}"),
    "pause_announcement": t("{who} paused an announcement"),
    "resume_announcement": t("{who} went on sending an announcement"),
    "stop_announcement": t("{who} stopped an announcement"),
    "approve_announcement": t("{who} confirmed the announcement of a colleague"),
    "cancel_announcement": t("{who} cancelled an announcement before it left"),
    "send_again_announcement": t("{who} had an announcement sent again to those it failed to reach"),
    "drop_announcement": t("{who} gave up an announcement that was being written"),
    "claim_help": t("{who} took on a request for help"),
    "answer_help": t("{who} answered a request for help"),
    "close_help": t("{who} closed a request for help"),
    "look_at_audit": t("{who} looked at this record"),
}
"""By the action's name; each may use who, whom, ref, other, decision, before, after, count and action."""
