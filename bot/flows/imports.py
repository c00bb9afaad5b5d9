"""What others gathered for a president, read by the questions of the chat: what they would ask back about is told with
what it may mean, and never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core import engine
from bot.core.bidi import clean, one_line, shorten
from bot.core.flow import Answer, Doubt, Heard, Picked, Question, Refused, State, Taken
from bot.core.folding import fold
from bot.core.known import Known
from bot.core.text import Joined, Sayable, Text, t
from bot.flows import signup
from bot.flows.signup import CENTRE, EMAIL, PHONE, SIGNUP
from bot.rules.imports import Entry

_UNDERSTOOD = frozenset({CENTRE.key, PHONE.key})
"""Where the chat asks back about an answer it has understood (a centre called like its association, a landline, a number
abroad), the only answer on offer is the one that was written."""
_SHORTENED = re.compile(r"\d([.,]\d+)?e\+?\d+", re.IGNORECASE)
_KEPT_FROM_FORMULAS = re.compile(r"'(?=[=+\-@\t])")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A row that can be taken: its answers by question."""

    row: int
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row that cannot be taken: which answers, and why."""

    row: int
    why: tuple[tuple[Question, Sayable], ...]


def read_row(row: int, cells: Mapping[str, str], known: Known) -> Prepared | RowRefused:
    """The cells by question; what is no question of the sign-up's check (the signature) is not looked at."""
    answers: dict[str, Answer] = {}
    why: list[tuple[Question, Sayable]] = []
    for question in signup.ROWS:
        read = _read(question, cells.get(question.key, ""), answers, known)
        if isinstance(read, Answer):
            answers[question.key] = read
        elif read is not None:
            why.append((question, read))
    return RowRefused(row, tuple(why)) if why else Prepared(row, answers)


def entry_of(prepared: Prepared) -> Entry:
    """What the row is compared by."""
    answers = prepared.answers
    return Entry(
        prepared.row,
        name=fold(answers["association"].value or ""),
        phone=answers["phone"].value or "",
        city=answers["city"].value or "",
        centre=fold(answers["centre"].value or ""),
    )


def _read(question: Question, cell: str, answers: Mapping[str, Answer], known: Known) -> Answer | Sayable | None:
    """The answer, or why there is none; None where the president will be asked."""
    text = clean(cell)
    if text.startswith("="):
        return t("This is a formula. Write its value.")
    text = _KEPT_FROM_FORMULAS.sub("", text, count=1)
    if not any(map(str.isalnum, text)) or (question.skip and known.words.intent(text) in question.skip.words):
        if question.skip is None:
            return t("Nothing is written here.")
        return None if known.email_required else Answer(None)
    if question is PHONE and _SHORTENED.fullmatch(text):
        return t("The spreadsheet has shortened this number. Format its column as text and write the number in full.")
    if question.choices and fold(text).isdigit():  # the chat's numbers are those of the list that was shown
        return _no_such_choice(question, text)
    return _taken(question, text, _heard(question, text, answers, known), known)


def _heard(question: Question, text: str, answers: Mapping[str, Answer], known: Known) -> Heard:
    state = State(SIGNUP.name, SIGNUP.version, question.key, 0, dict(answers))
    return engine.picked(SIGNUP, state, text, known) or engine.reading(SIGNUP, state, text, known)


def _taken(question: Question, text: str, heard: Heard, known: Known) -> Answer | Sayable:
    match heard:
        case Taken(answer):
            return answer
        case Picked(choice):
            return Answer(choice.key, text)
        case Refused(why):
            return _no_such_choice(question, text) if question.choices else why
        case Doubt():
            meant = [option for option in heard.options if option.answer is not None]
            if question.key in _UNDERSTOOD and len(meant) == 1 and meant[0].answer is not None:
                return meant[0].answer
            return _doubtful(question, text, heard, known)
    raise LookupError(f"{question.key} is asked in a way that a row cannot answer")


def _no_such_choice(question: Question, text: str) -> Text:
    choices = Joined(tuple(choice.full or choice.label for choice in question.choices), " / ")
    none = t("“{value}” is none of the categories. Write one of these: {candidates}.")
    return none(value=shorten(one_line(text), 60), candidates=choices)


def _doubtful(question: Question, text: str, doubt: Doubt, known: Known) -> Sayable:
    value = shorten(one_line(text), 60)
    meant = [option for option in doubt.options if option.answer is not None]
    if len(meant) > 1 and question is not EMAIL:
        candidates = [option.label for option in meant]
    else:
        answers = [option.answer for option in meant if option.answer is not None and option.answer.value is not None]
        candidates = [Text("{value}")(value=engine.show(question, answer, known)) for answer in answers]
    if not candidates:
        return t("“{value}” is not in the list of communes. Write the name of the city or commune.")(value=value)
    sure = t("“{value}” is not certain. It may mean: {candidates}. Write the one that is meant.")
    return sure(value=value, candidates=Joined(tuple(candidates), " / "))
