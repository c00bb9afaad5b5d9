"""What a conversation wants done besides talking: values, carried out by the turn in its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bot.core.flow import Answer
from bot.rules.audience import Audience


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """`notice` is the version of the text the person agreed to."""

    purpose: Literal["signup", "announcements"]
    notice: str


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    purpose: Literal["announcements"]


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """A sign-up begins; its id becomes the subject of the open signup flow."""


@dataclass(frozen=True, slots=True)
class Submit:
    signup: int
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class DropDraft:
    signup: int


@dataclass(frozen=True, slots=True)
class SetLanguage:
    language: str


@dataclass(frozen=True, slots=True)
class AskHelp:
    """A person needs a human: `phone` to call (E.164, None when an answer here is enough), `text` their question,
    `stuck_at` the question they were asked."""

    phone: str | None = None
    text: str | None = None
    stuck_at: str | None = None


@dataclass(frozen=True, slots=True)
class KeepCode:
    """Remember a code that was just shown, until it is used or expires."""

    kind: Literal["resume"]
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Erase:
    """Forget the person: every personal value, on every channel."""


@dataclass(frozen=True, slots=True)
class Decide:
    """A decision on an application that waits for one. `by` is a coordinator's id; see bot.flows.decisions.Decision."""

    signup: int
    status: str
    by: int
    reason: str | None = None
    remark: str | None = None
    reopens: str | None = None


@dataclass(frozen=True, slots=True)
class UndoDecision:
    signup: int
    by: int


@dataclass(frozen=True, slots=True)
class MakeInvite:
    """Remember a code that was just shown: whoever sends it joins the committee."""

    code: str
    name: str
    role: str
    category: str | None
    by: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeRole:
    coordinator: int
    role: str
    category: str | None
    by: int


@dataclass(frozen=True, slots=True)
class SetActive:
    """Suspend a coordinator, or let one back in."""

    coordinator: int
    active: bool
    by: int


@dataclass(frozen=True, slots=True)
class ClaimHelp:
    request: int
    by: int


@dataclass(frozen=True, slots=True)
class AnswerHelp:
    request: int
    text: str
    by: int


@dataclass(frozen=True, slots=True)
class CloseHelp:
    request: int
    by: int


@dataclass(frozen=True, slots=True)
class PrepareSignup:
    """Keep a sign-up that a coordinator filled by phone; whoever sends the code may claim and sign it."""

    answers: Mapping[str, Answer]
    code: str
    by: int


@dataclass(frozen=True, slots=True)
class Nudge:
    """Remind a person whose sign-up stopped."""

    person: int
    by: int


@dataclass(frozen=True, slots=True)
class JudgePair:
    """`different`, or None: to be judged again."""

    pair: int
    verdict: Literal["different"] | None
    by: int


@dataclass(frozen=True, slots=True)
class Merge:
    """Join the second application of a pair to the first; `taken` are the fields whose value is the second one's."""

    pair: int
    taken: tuple[str, ...]
    by: int


@dataclass(frozen=True, slots=True)
class UndoMerge:
    """`second` is the sign-up that was joined to another."""

    second: int
    by: int


@dataclass(frozen=True, slots=True)
class Announce:
    """An announcement was confirmed. `count` is the number of recipients that was typed; `send_local` local wall time
    (`YYYY-MM-DDTHH:MM`), None to begin at once; `urgent`: in quiet hours too."""

    title: str
    body_ar: str
    body_fr: str | None
    audience: Audience
    by: int
    count: int
    send_local: str | None
    urgent: bool
    needs_review: bool


@dataclass(frozen=True, slots=True)
class ControlAnnouncement:
    announcement: int
    action: Literal["pause", "resume", "stop", "approve", "cancel", "send_again"]
    by: int


@dataclass(frozen=True, slots=True)
class TestSend:
    """Let the author see it as it will be received."""

    title: str
    body_ar: str
    body_fr: str | None
    by: int


@dataclass(frozen=True, slots=True)
class DropAnnouncement:
    """One that was being written was given up."""

    by: int


@dataclass(frozen=True, slots=True)
class NoteRefusal:
    """Somebody asked for what only the committee, or a higher role, may do. `by` None: nobody of the committee."""

    action: str
    by: int | None = None


@dataclass(frozen=True, slots=True)
class NoteExport:
    """A coordinator took data away, or looked at the trail."""

    action: str
    by: int


Effect: TypeAlias = (
    GiveConsent
    | WithdrawConsent
    | OpenDraft
    | Submit
    | DropDraft
    | SetLanguage
    | AskHelp
    | KeepCode
    | Erase
    | Decide
    | UndoDecision
    | MakeInvite
    | ChangeRole
    | SetActive
    | ClaimHelp
    | AnswerHelp
    | CloseHelp
    | PrepareSignup
    | Nudge
    | JudgePair
    | Merge
    | UndoMerge
    | Announce
    | ControlAnnouncement
    | TestSend
    | DropAnnouncement
    | NoteRefusal
    | NoteExport
)
