"""The committee about itself: who is in it, letting somebody in, changing a role."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.core import calendar
from bot.core.flow import Answer, Choice, Ending, Flow, Question, State, quietly
from bot.core.known import Known
from bot.core.readers import free_text_reader
from bot.core.text import Ltr, Sayable, Text, Value, lines, paragraphs, t
from bot.flows.categories import CATEGORIES, named
from bot.flows.codes import telegram_link
from bot.flows.command import AREA, go, speaker
from bot.flows.effects import ChangeRole, MakeInvite
from bot.rules.codes import INVITE as INVITE_CODE, code_from
from bot.rules.permissions import Coordinator, Role, role_named

INVITE_LASTS = timedelta(days=7)
ROLE_NAMES: dict[Role, Text] = {
    "owner": t("In charge of the team"),
    "coordinator": t("Coordinator"),
    "viewer": t("Reader"),
}
_ROLE_MEANS: dict[Role, Text] = {
    "owner": t("In charge: everything, and who is in the team"),
    "coordinator": t("Coordinator: decides on requests, answers people, writes to members"),
    "viewer": t("Reader: sees requests and figures, changes nothing"),
}


@dataclass(frozen=True, slots=True)
class Member:
    """`last_owner`: the only active owner, who can be neither suspended nor given another role."""

    coordinator: Coordinator
    last_owner: bool = False


def member_in(known: Known) -> Member | None:
    found = known.loaded.get("member")
    return found if isinstance(found, Member) else None


def described(coordinator: Coordinator) -> Text:
    """One line of the team's list."""
    line = t("{name}: {role}, {scope}") if coordinator.active else t("{name}: {role}, {scope} (suspended)")
    return line(name=coordinator.name, role=ROLE_NAMES[coordinator.role], scope=scope(coordinator.category))


def scope(category: str | None) -> Value:
    return named(category) if category else t("all categories")


TEAM = go("team", t("The team"))
LAST_OWNER = t("{name} is the only person in charge. Put somebody else in charge first.")
SUSPENDED = t("Your place in the coordination team is suspended. Ask a person in charge why.")
ALREADY_IN = t(
    "You are in the team already, and this code would give you nothing more: it still works for whom it is for.\n{line}"
)
NOT_IN_TEAM = t("This person is not in the team.")

_NAME = Question(
    key="name",
    ask=t("What is the name of the person you are letting in? The team and the people who are answered will see it."),
    read=free_text_reader(
        least=3,
        most=60,
        short=t("“{value}” is too short. Write the full name."),
        long=t("The name is too long (limit: {max} characters). Write only the name."),
    ),
    names=True,
    counted=False,
    box="text",
    ack=quietly,
)


def _role_question(key: str = "role") -> Question:
    return Question(
        key=key,
        ask=lines(t("Which role?"), *(_ROLE_MEANS[role] for role in ("coordinator", "viewer", "owner"))),
        choices=tuple(Choice(role, ROLE_NAMES[role]) for role in ("coordinator", "viewer", "owner")),
        counted=False,
        ack=quietly,
    )


_SCOPE = Question(
    key="scope",
    ask=t("Which requests are this person’s business?"),
    choices=(Choice("all", t("All categories")), Choice("one", t("One category"))),
    counted=False,
    ack=quietly,
    when=lambda answers: answers.get("role", Answer(None)).value != "owner",
)
_CATEGORY = Question(
    key="category",
    ask=t("Which category?"),
    choices=tuple(Choice(each.key, each.label, each.full) for each in CATEGORIES),
    counted=False,
    ack=quietly,
    when=lambda answers: answers.get("scope", Answer(None)).value == "one",
)


def _chosen(state: State, key: str) -> str | None:
    return state.answers.get(key, Answer(None)).value


def _left(_: State, __: Known) -> Ending:
    return Ending(buttons=(TEAM, AREA))


def _invited(state: State, known: Known) -> Ending:
    code, expires = code_from(INVITE_CODE, known.chance()), known.now + INVITE_LASTS
    name, role = _chosen(state, "name") or "", _chosen(state, "role") or "viewer"
    effect = MakeInvite(
        code=code, name=name, role=role, category=_chosen(state, "category"), by=speaker(known).id, expires_at=expires
    )
    said = invitation(name, code, known, expires=calendar.day(expires.date()))
    return Ending(said, (effect,), buttons=(TEAM, AREA), once=True)


def invitation(name: str, code: str, known: Known, *, expires: Text) -> Sayable:
    """What is handed on to the person who is let in."""
    give = t("Give this code to {name}: {code}\nIt works once, until {deadline}.")
    where = t("On the web page, they open {web_link}, press “{label}” and write the code.")
    link = telegram_link(known, code)
    return paragraphs(
        give(name=name, code=Ltr(code.upper()), deadline=expires),
        lines(
            t("On Telegram they only press this link: {link}")(link=link) if link else None,
            where(label=t("I have a code to continue")),
        ),
        t("The code is shown only this once.") if known.channel == "web" else None,
    )


INVITE = Flow(
    name="invite",
    version=1,
    title=t("Let somebody in"),
    questions=(_NAME, _role_question(), _SCOPE, _CATEGORY),
    finish=_invited,
    left=_left,
    role="owner",
)


def _role_changed(state: State, known: Known) -> Ending:
    member, role = member_in(known), _chosen(state, "role")
    if member is None or state.subject is None:
        return Ending(NOT_IN_TEAM, buttons=(TEAM, AREA))
    if member.last_owner and role != "owner":
        return Ending(LAST_OWNER(name=member.coordinator.name), buttons=(TEAM, AREA))
    changed = replace(member.coordinator, role=role_named(role or "viewer"), category=_chosen(state, "category"))
    effect = ChangeRole(changed.id, role=changed.role, category=changed.category, by=speaker(known).id)
    said = t("The role has changed.\n{line}")(line=described(changed))
    return Ending(said, (effect,), buttons=(TEAM, AREA))


CHANGE_ROLE = Flow(
    name="change_role",
    version=1,
    title=t("Change the role"),
    questions=(_role_question(), _SCOPE, _CATEGORY),
    finish=_role_changed,
    left=_left,
    role="owner",
    needs=frozenset({"member"}),
)

FLOWS = (INVITE, CHANGE_ROLE)
