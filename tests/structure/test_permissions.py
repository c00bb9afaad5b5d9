"""Role × action, generated from what is declared: every command and every flow of the committee, by everybody who might try,
through the real turn over a real database. What is refused changes nothing but the record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, product
from typing import Any

import pytest

from bot.actions.turns import take_turns
from bot.core.flow import Answer, Flow, Question, State
from bot.core.messages import Address, Content, Incoming, Pressed, Typed
from bot.flows.catalogue import COMMANDS, FLOWS
from bot.flows.command import Command
from bot.flows.coordination import NOT_AUTHORISED
from bot.flows.routing import OLD_BUTTON
from bot.flows.standing import Talk
from bot.rules.permissions import Role
from storage.conversations import encode_talk
from storage.engine import Database
from storage.tables import conversations, help_requests
from tests.bot.actions.updates import SEALS
from tests.bot.core.setting import NOW, told
from tests.structure.committee_world import ACTORS, DESKTOP, OUT_OF_SCOPE, SECRETS, TEAM_SECRETS, Actor, World, dump, made

LEAST: Mapping[str, Role] = {
    **dict.fromkeys(("coordination", "pending", "application", "help_requests", "help_request"), "viewer"),
    **dict.fromkeys(("report", "stuck"), "viewer"),
    **dict.fromkeys(("members", "nudge", "phone_entry"), "coordinator"),
    **dict.fromkeys(("duplicates", "compare", "merge", "not_same", "reconsider", "merges", "undo_merge"), "coordinator"),
    **dict.fromkeys(("approve", "ask_info", "refuse", "undo", "claim_help", "answer_help", "close_help"), "coordinator"),
    **dict.fromkeys(("announcements", "announcement"), "viewer"),
    **dict.fromkeys(("broadcast", "audience", "announce", "pause_sending", "resume_sending", "stop_sending"), "coordinator"),
    **dict.fromkeys(("send_again", "cancel_sending", "approve_sending", "refuse_sending"), "coordinator"),
    **dict.fromkeys(("team", "member", "change_role", "suspend", "reinstate", "invite", "audit"), "owner"),
}
"""The least role for each command and each flow of the committee, decided here by hand: what is declared elsewhere must
agree, and what is new must be written here before this test passes."""
ABOUT = {"application": "pending", "help_request": "help", "member": "member", "stopped": "stuck"} | {
    "pair": "pair",
    "pair_of_application": "pending",
    "merge": "joined",
    "announcement": "announced",
}
"""What a need is about, in the world of these tests; a command that needs something else is not covered yet."""
ACTS = {"approve", "ask_info", "refuse", "undo", "claim_help", "answer_help", "close_help"} | {
    *("change_role", "suspend", "invite", "audit", "members", "phone_entry", "nudge"),
    *("merge", "not_same", "reconsider", "undo_merge", "audience", "announce", "pause_sending", "resume_sending"),
    *("stop_sending", "send_again", "cancel_sending", "approve_sending", "refuse_sending"),
}
"""What changes rows when it is allowed; the others show, or open a conversation."""
SCOPED = {"application", "help_request", "stopped", "pair", "pair_of_application", "merge", "announcement"}
"""Needs of what has a category."""
FIT = {"resume_sending": "paused", "send_again": "done", "cancel_sending": "scheduled"} | dict.fromkeys(
    ("approve_sending", "refuse_sending"), "waiting"
)
"""In which state an announcement is for a command to change it, where it is not being sent."""
ENOUGH_WORDS = "كلام يكفي لهذا الجواب"
EVERYBODY = '{"parts": [["all", null]], "texts": {}}'
REAL = {"phone": "+212600000001", "city": None, "region": "07", "commune": "07.211.01.05", "so_far": EVERYBODY}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something tried: `name` is the command's or the flow's; `open` what is open then; `content` is sealed for whoever tries
    it. `scoped`: it is about something that has a category."""

    name: str
    way: str
    content: Content
    open: State | None = None
    scoped: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.way}"


def commands(world: World) -> Iterator[Deed]:
    """Every command of the committee: typed where it can be typed, and by a button that was once given."""
    for command in COMMANDS.values():
        if command.role is None:
            continue
        subject = subject_of(command.name, command.needs, world)
        scoped = bool(command.needs & SCOPED)
        if not command.about:
            yield Deed(command.name, "typed", Typed(f"/{command.name}"))
        yield Deed(command.name, "by button", Pressed(button(command, subject)), scoped=scoped)


def button(command: Command, subject: int | None) -> str:
    return f"go:{subject if command.about else ''}:{command.name}"


def subject_of(name: str, needs: frozenset[str], world: World) -> int | None:
    kinds = [ABOUT[need] for need in needs if need in ABOUT]
    if name == "undo":
        return world.decided
    if name == "reconsider":
        return world.judged
    if "announcement" in needs:
        return world.announced[FIT.get(name, "sending")]
    return getattr(world, kinds[0]) if kinds else None


def conversations_open(world: World) -> Iterator[Deed]:
    """Every question of every flow of the committee, while it is open: each choice, words, and the way back."""
    for flow in FLOWS.values():
        if flow.role is None:
            continue
        subject = subject_of(flow.name, flow.needs, world)
        scoped = bool(flow.needs & SCOPED)
        for question in flow.questions:
            state = State(flow.name, flow.version, question.key, 1, answers_before(flow, question, world), subject=subject)
            pressed = [f"={choice.key}" for choice in question.choices] + ["back"]
            for value in pressed:
                yield Deed(flow.name, f"{question.key}{value}", Pressed(f"{flow.name}:1:{value}"), state, scoped)
            for words in (ENOUGH_WORDS, "/status", *(["1"] if question.key == "count" else [])):
                yield Deed(flow.name, f"{question.key}, {words}", Typed(words), state, scoped)


def answers_before(flow: Flow, question: Question, world: World) -> dict[str, Answer]:
    """Answers with which this question is asked."""
    before = flow.questions[: flow.questions.index(question)]
    options = [
        [choice.key for choice in q.choices if choice.does == "answer"] or [REAL.get(q.key, ENOUGH_WORDS)] for q in before
    ]
    for values in product(*options):
        answers = {
            q.key: Answer(value, world.mark if q.key == "same" else None) for q, value in zip(before, values, strict=True)
        }
        asked = {q.key: answers[q.key] for q in flow.applicable(answers) if q.key in answers}
        if question in flow.applicable(asked):
            return asked
    raise AssertionError(f"{flow.name}: {question.key} is never asked")


@dataclass(slots=True)
class Seen:
    """What came of a deed: replies, messages to others, the rows that came or went."""

    texts: list[str]
    others: int
    came: dict[str, list[Any]] = field(default_factory=dict)
    went: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.came or self.went)

    @property
    def refused(self) -> bool:
        return any(told(NOT_AUTHORISED) in text for text in self.texts)

    def shows(self, secrets: tuple[str, ...]) -> list[str]:
        return [secret for secret in secrets for text in self.texts if secret in text]


class _TakenBack(Exception):
    """Ends a transaction that is to leave nothing."""


_numbers = count(1_000_001)


async def tried(database: Database, world: World, actor: Actor, deed: Deed) -> Seen:
    """The real turn, in a transaction that is taken back: the next one finds the world as it was."""
    seen: Seen | None = None
    content = deed.content
    if isinstance(content, Pressed):
        content = Pressed(SEALS.seal(content.payload, owner=str(world.persons.get(actor.address, 0))))
    try:
        async with database.write() as connection:
            if deed.open is not None and not actor.writes_first:
                talk = encode_talk(Talk(counter=1, stack=(deed.open,)))
                mine = conversations.c.person_id == world.persons[actor.address]
                await connection.execute(conversations.update().where(mine).values(talk=talk))
            before = world.rows
            if deed.name in ("answer_help", "close_help") and actor.address in world.places:
                taken_on = {"claimed_by": world.places[actor.address], "claimed_at": NOW}
                await connection.execute(help_requests.update().values(**taken_on))
                before = await dump(connection)
            update = Incoming(Address("telegram", actor.address), str(next(_numbers)), content, "ar")
            (taken,) = await take_turns(connection, [update], DESKTOP, now=NOW)
            after = await dump(connection)
            texts = [told_(owed.message.text) for owed in taken.owed]
            seen = Seen(texts, len(taken.others))
            for name, rows in after.items():
                if rows != before[name]:
                    seen.came[name], seen.went[name] = list(rows - before[name]), list(before[name] - rows)
            raise _TakenBack
    except _TakenBack:
        assert seen is not None
        return seen


def told_(text: str) -> str:
    from bot.core.bidi import without_isolates

    return without_isolates(text)


def withheld(actor: Actor, deed: Deed) -> bool:
    """Is it a choice that is not offered to whoever keeps to one category?"""
    return actor.category is not None and (deed.name, deed.way) == ("audience", "kind=category")


def wrong(actor: Actor, deed: Deed, seen: Seen) -> str | None:
    """What is not as it must be; None when all is well."""
    problem = None
    if not actor.sees and seen.shows(SECRETS):
        problem = "shows what is not theirs"
    elif not actor.may("owner") and seen.shows(TEAM_SECRETS):
        problem = "shows the team"
    elif any(told(OLD_BUTTON) in text for text in seen.texts) and not (actor.writes_first or withheld(actor, deed)):
        problem = "was not understood as a button"
    elif actor.writes_first and isinstance(deed.content, Pressed):
        problem = "changes something by a button that was never given" if seen.changed or seen.others else None
    elif not actor.may(LEAST[deed.name]):
        problem = _not_refused(deed, seen)
    elif seen.refused:
        problem = "is refused what is allowed"
    elif deed.scoped and not actor.sees:
        problem = _out_of_scope(deed, seen)
    return f"{actor.name}: {deed} {problem}" if problem else None


def _not_refused(deed: Deed, seen: Seen) -> str | None:
    """One polite sentence, one entry on record, nothing else."""
    if not seen.refused or seen.others:
        return "is not refused"
    if set(seen.came) != {"audit_entries"} or seen.went["audit_entries"]:
        return f"changes {sorted(seen.came)}"
    if len(seen.came["audit_entries"]) != 1:
        return "is not put on record once"
    (entry,) = seen.came["audit_entries"]
    action, after = entry[4], json.loads(entry[8])
    return None if (action, after) == ("refused", {"action": deed.name}) else f"is on record as {action} {after}"


def _out_of_scope(deed: Deed, seen: Seen) -> str | None:
    if seen.changed or seen.others:
        return f"changes {sorted(seen.came)} out of scope"
    if deed.open is None and not any(told(sentence) in text for sentence in OUT_OF_SCOPE for text in seen.texts):
        return "is not told that it is not theirs"
    return None


async def test_every_role_may_do_what_it_may_and_nothing_else(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    world = await made(database)
    deeds = [*commands(world), *conversations_open(world)]
    problems, done, acted = [], 0, set()
    for actor in ACTORS:
        for deed in deeds:
            if actor.writes_first and deed.open is not None:
                continue  # nobody has a conversation open who has never written
            seen = await tried(database, world, actor, replace(deed))
            done += 1
            problem = wrong(actor, deed, seen)
            problems += [problem] if problem else []
            if seen.changed and not seen.refused:
                acted.add(deed.name)
    assert not problems, "\n".join(problems)
    assert acted == ACTS
    with capsys.disabled():
        figures = f"role × action on {database.engine.dialect.name}: {done} pairs, 0 unauthorised, 0 untested"
        print(f"\n{figures}")  # noqa: T201 -- a figure that is asked for


def test_no_command_and_no_flow_of_the_committee_is_untested() -> None:
    declared = {name: each.role for table in (COMMANDS, FLOWS) for name, each in table.items() if each.role is not None}
    assert declared == LEAST
    of_both = [name for name in COMMANDS if name in FLOWS and FLOWS[name].role is not None]
    assert [name for name in of_both if COMMANDS[name].role != FLOWS[name].role] == []
    about = {command.name for command in COMMANDS.values() if command.about}
    assert {name for name in about if not COMMANDS[name].needs & set(ABOUT)} == set()


async def test_what_everybody_may_say_shows_nobody_else_what_is_the_committees(database: Database) -> None:
    world = await made(database)
    outsiders = [actor for actor in ACTORS if not actor.may("viewer")]
    shown = []
    for actor in outsiders:
        for command in COMMANDS.values():
            if command.role is None:
                for content in (Typed(f"/{command.name}"), Pressed(f"go::{command.name}")):
                    seen = await tried(database, world, actor, Deed(command.name, "said", content))
                    area = any("فضاء التنسيق" in text for text in seen.texts)
                    shown += [f"{actor.name}: {command.name}"] if area or seen.shows(SECRETS + TEAM_SECRETS) else []
    assert shown == []
