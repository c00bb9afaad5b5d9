"""A conversation declared as values: questions, choices, what is kept of an answer, and where a person is in it.

The engine that moves along them is bot.core.engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bot.core.bidi import one_line
from bot.core.known import Known
from bot.core.messages import Box, Button, Outgoing
from bot.core.text import Sayable, Text, Value, t

How: TypeAlias = Literal["typed", "pressed", "shared", "on_behalf"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of one answer: `value` is a key or a normalised value, `typed` the person's own words.

    `value` None: skipped, or (with `typed`) kept as written because no list knows it. `how` is `shared` when the
    channel vouches for the value.
    """

    value: str | None
    typed: str | None = None
    how: How = "typed"


Answers: TypeAlias = Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Taken:
    answer: Answer


@dataclass(frozen=True, slots=True)
class Refused:
    """Not taken; `why` says what was read and what to do, and the question is asked again. `offers_call`: a human may
    help at once."""

    why: Sayable
    offers_call: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A way out of a doubt; `answer` None means: none of these, ask again."""

    label: Text
    answer: Answer | None
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Doubt:
    """Understood in more than one way: asked back, never guessed. `failed` when it also counts as a failed attempt."""

    ask: Sayable
    options: tuple[Option, ...]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Picked:
    """One of the choices on offer, by number, key, label or a word that means it."""

    choice: Choice


@dataclass(frozen=True, slots=True)
class Again:
    """Neither of what was asked back: the question is asked anew."""


@dataclass(frozen=True, slots=True)
class ToChange:
    """The answer to change, picked from the list of answers."""

    question: Question


Reading: TypeAlias = Taken | Refused | Doubt
Heard: TypeAlias = Reading | Picked | Again | ToChange
Reader: TypeAlias = Callable[[str, Answers, Known], Reading]


@dataclass(frozen=True, slots=True)
class Choice:
    """`label` is on the button, `full` in summaries; `words` are the intents and `also` the spellings that mean it.

    `does`: `answer` keeps the key; `tell` says something and asks again; `leave` says something and ends the flow.
    `shows` is on the button in place of `label` where what the choice stands for is only known then: it is then pressed
    or chosen by its number, not by its words. `by_number`: its number means it too; False where a number may be the answer.
    """

    key: str
    label: Text
    full: Text | None = None
    words: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()
    does: Literal["answer", "tell", "leave", "edit"] = "answer"
    tell: Callable[[Known], Sayable] | None = None
    shows: Callable[[Known], Text] | None = None
    by_number: bool = True


@dataclass(frozen=True, slots=True)
class Skip:
    label: Text
    ack: Text
    words: frozenset[str] = frozenset({"skip", "no_value"})


def _always(_: Answers) -> bool:
    return True


def in_words(answer: Answer, _: Known) -> Value:
    """The value itself, on one line: what was typed may have had thousands."""
    return one_line(answer.value or answer.typed or "")


def quietly(_: Answer, __: Known) -> None:
    """The `ack` of a question whose ending says all there is to say."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing we ask.

    `names`: open text, where words such as «رجوع» come before the answer; elsewhere the expected answer comes first.
    With both `choices` and `read`, the reader judges what is none of the choices. `offers` gives the choices that this
    reader has at this moment, where they are not the same for everybody. `ack` is said when an answer is kept (None:
    nothing).
    `counted`: has a number in the progress line. `kept`: its answer is stored and may be changed.
    `review`: shows all answers; a change made from it leads straight back to it. `on_location`: what to say to a map pin.
    """

    key: str
    ask: Sayable | Callable[[Answers, Known], Sayable]
    label: Text | None = None
    example: Text | None = None
    helper: Text | None = None
    read: Reader | None = None
    choices: tuple[Choice, ...] = ()
    offers: Callable[[Known], tuple[Choice, ...]] | None = None
    skip: Skip | None = None
    ack: Callable[[Answer, Known], Sayable | None] | None = None
    names: bool = False
    counted: bool = True
    kept: bool = True
    review: bool = False
    shares_phone: bool = False
    when: Callable[[Answers], bool] = _always
    show: Callable[[Answer, Known], Value] = in_words
    box: Box = "text"
    on_location: Text | None = None

    def offered(self, known: Known) -> tuple[Choice, ...]:
        return self.offers(known) if self.offers else self.choices


@dataclass(frozen=True, slots=True)
class State:
    """Where a person is in one flow. Stored; `version` is the flow's when it was last asked.

    `step` grows with each thing asked, and buttons name it. `editing`: the answer leads back to the review.
    `choosing`: asked which answer to change. `doubt`: what was typed and is being asked back. `failures` in a row at
    this question. `subject`: the id of the row this is about, None before there is one.
    `revises`: what is changed was already sent once. `alone`: this one answer is asked again, and with it the flow ends.
    """

    flow: str
    version: int
    question: str
    step: int
    answers: dict[str, Answer] = field(default_factory=dict)
    editing: bool = False
    choosing: bool = False
    doubt: str | None = None
    failures: int = 0
    subject: int | None = None
    revises: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """What a finished flow leads to: what is said (with buttons of its own), what must happen, and the flow that opens
    next, if any.

    `answers` and `subject` are what that flow opens with. `closes_all`: whatever else was open ends with it. `once`: what is
    said is not kept for a second look.
    """

    say: Sayable | None = None
    effects: tuple[Any, ...] = ()
    then: str | None = None
    closes_all: bool = False
    buttons: tuple[Button, ...] = ()
    answers: Answers | None = None
    subject: int | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """`answered` names effects owed as soon as that question is answered; `finish` what the last answer leads to; `left`
    what leaving the flow leads to, besides what was said; `opening` is a message said before the first question, when the
    flow begins with no answers. `role`: only the committee's members of that role, or a higher one, may be in it.
    `needs`: what a turn loads before it says anything in this flow."""

    name: str
    version: int
    title: Text
    questions: tuple[Question, ...]
    finish: Callable[[State, Known], Ending]
    answered: Mapping[str, Callable[[State, Known], tuple[Any, ...]]] = field(default_factory=dict)
    opening: Callable[[Known], Outgoing] | None = None
    left: Callable[[State, Known], Ending] = lambda _, __: Ending()
    role: str | None = None
    needs: frozenset[str] = frozenset()

    _by_key: Mapping[str, Question] = field(init=False, repr=False, compare=False)
    _numbers: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _counted: tuple[Question, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        counted = tuple(question for question in self.questions if question.counted)
        object.__setattr__(self, "_by_key", {question.key: question for question in self.questions})
        object.__setattr__(self, "_counted", counted)
        object.__setattr__(self, "_numbers", {question.key: number for number, question in enumerate(counted, 1)})

    def question(self, key: str) -> Question | None:
        """None when this version of the flow has no such question."""
        return self._by_key.get(key)

    def applicable(self, answers: Answers) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.when is _always or question.when(answers))

    def before(self, key: str, answers: Answers) -> tuple[Question, ...]:
        """The questions one can go back to from that one. One without number stands apart, unless the whole flow is short
        and has none."""
        order = self.applicable(answers)
        place = next((index for index, question in enumerate(order) if question.key == key), 0)
        return tuple(q for q in order[:place] if (q.kept and (q.counted or not self._counted)) or q.review)

    def counted(self) -> tuple[Question, ...]:
        return self._counted

    def number(self, question: Question) -> int:
        """1 for the first counted question; 0 for one without number."""
        return self._numbers.get(question.key, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine did: the new state, what to say before the question is asked, and how it went.

    `answered` is the key just kept. `over`: `finished` when the last question was answered, `left` when a choice ended
    the flow; then nothing is asked any more. `call_offered`: the person may need a human.
    """

    state: State
    notes: tuple[Sayable, ...] = ()
    refused: bool = False
    answered: str | None = None
    over: Literal["finished", "left"] | None = None
    call_offered: bool = False


YES = frozenset({"yes", "submit"})
NO = frozenset({"no"})


def yes_or_no(answer: Answer) -> tuple[Option, ...]:
    return (Option(t("Yes"), answer, YES), Option(t("No"), None, NO))
