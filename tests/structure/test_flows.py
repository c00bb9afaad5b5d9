"""The flows as values: every one can finish, every question can be reached, every label and payload fits every channel."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from bot.core import prompts
from bot.core.flow import Answer, Flow, State
from bot.core.messages import Button
from bot.core.text import Text
from bot.flows import notice
from bot.flows.catalogue import COMMANDS, FLOWS, MENU, SERVICES, STANDING_BUTTONS
from bot.flows.categories import CATEGORIES
from bot.flows.commands import BY_INTENT
from bot.flows.committee import Member
from bot.flows.decisions import Application, card
from bot.flows.help_requests import HelpCard
from bot.flows.merges import Joined
from bot.flows.pairs import Centre, Pair, Side
from bot.flows.signup import SIGNUP
from bot.rules.permissions import Coordinator
from handlers.telegram import setup
from storage.reference import load_words
from tests.bot.core.setting import KNOWN, NOW, SETUP, known, told
from tests.bot.flows.chat import answered_up_to

TELEGRAM_PAYLOAD, WHATSAPP_BUTTON, WHATSAPP_ROW = 64, 20, 24
"""Telegram: bytes of callback_data. WhatsApp: UTF-16 units of a reply button and of a list row. Checked November 2026."""
REPLY_BUTTONS = 3


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def languages(label: Text) -> list[str]:
    return [told(label, language) for language in ("ar", "fr")]


def labels_of(flow: Flow) -> list[tuple[Text, bool]]:
    """Each label and whether it stands in a list of more than three."""
    found: list[tuple[Text, bool]] = []
    for question in flow.questions:
        found += [(choice.label, len(question.choices) > REPLY_BUTTONS) for choice in question.choices]
        found += [(question.label, True)] if question.label else []
        found += [(question.skip.label, False)] if question.skip else []
    return found


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.name)
def test_every_label_fits_every_channel_in_every_language(flow: Flow) -> None:
    too_long = [
        text
        for label, listed in labels_of(flow)
        for text in languages(label)
        if units(text) > (WHATSAPP_ROW if listed else WHATSAPP_BUTTON)
    ]
    assert too_long == []


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_labels_that_hold_values_fit_and_are_told_apart_however_long_the_values_are(language: str) -> None:
    for flow in FLOWS.values():
        for question in flow.questions:
            choices = [
                choice.shows(replace(known("telegram", language), loaded=LONG))
                for choice in question.choices
                if choice.shows
            ]
            texts = [
                f"{number}. {SETUP.speech(language, 'telegram').tell(label)}" for number, label in enumerate(choices, 1)
            ]
            assert [text for text in texts if units(text) > WHATSAPP_BUTTON] == []
            assert len({text[3:] for text in texts}) == len(texts)


def test_standing_buttons_fit_too() -> None:
    standing = [*STANDING_BUTTONS, *(Button(label, "") for label in (prompts.BACK, prompts.KEEP, prompts.HELP))]
    assert [text for button in standing for text in languages(button.label) if units(text) > WHATSAPP_BUTTON] == []
    assert len(SERVICES) <= 10


def test_no_label_mixes_latin_and_arabic() -> None:
    mixed = [
        text
        for flow in FLOWS.values()
        for label, _ in labels_of(flow)
        for text in languages(label)
        if any("a" <= c.lower() <= "z" for c in text) and any("\u0600" <= c <= "\u06ff" for c in text)
    ]
    assert mixed == []


def test_every_payload_fits_its_64_bytes_when_sealed() -> None:
    from bot.core.seals import Seals

    seals = Seals(b"x")
    longest = max(
        len(seals.seal(f"{flow.name}:{10**6}:={choice.key}", owner="1").encode())
        for flow in FLOWS.values()
        for question in flow.questions
        for choice in question.choices
    )
    assert longest <= TELEGRAM_PAYLOAD


@pytest.mark.parametrize(
    "question", [q.key for q in SIGNUP.questions if q.key not in ("consent", "category_other", "signer_role")]
)
def test_every_question_of_the_sign_up_is_reached(question: str) -> None:
    chat = answered_up_to(question)
    assert chat.draft is not None
    assert chat.draft.question == question


def test_the_side_questions_are_reached_by_the_answers_that_call_for_them() -> None:
    chat = answered_up_to("category")
    chat.says("10")
    assert chat.draft is not None
    assert chat.draft.question == "category_other"
    chat = answered_up_to("signature")
    chat.says("يوسف الأمراني")
    chat.taps("?0")
    assert chat.draft is not None
    assert chat.draft.question == "signer_role"


OWNER = Coordinator(1, "خديجة", "owner")
APPLICATION = Application(7, "pending", NOW, {"association": Answer("جمعية أمل"), "president": Answer("فاطمة العلوي")})
LOADED = {
    "coordinator": OWNER,
    "application": APPLICATION,
    "help_request": HelpCard(3, NOW, text="سؤال", claimed_by=(1, "خديجة")),
    "member": Member(Coordinator(2, "يوسف", "viewer")),
    "pair": Pair(
        5, Side(7, "approved", NOW, APPLICATION.answers), Side(8, "pending", NOW, {"phone": Answer("+212600000001")})
    ),
    "merge": Joined(7, 8, "جمعية أمل", NOW, by=(1, "خديجة")),
}
_LONG = ("جمعية الأمل للتنمية والتضامن والتربية والثقافة", "association.amal.tanmia.tadamon")
LONG = {
    "pair": Pair(
        5,
        *(
            Side(
                number,
                "pending",
                NOW,
                {
                    "association": Answer(f"{_LONG[0]} {number}", f"{_LONG[0]} {number}"),
                    "president": Answer(f"{_LONG[0]} {number}", f"{_LONG[0]} {number}"),
                    "phone": Answer(f"+21260000000{number}"),
                    "email": Answer(f"{_LONG[1]}{number}@example.org"),
                },
                (Centre(number, "دار الأمل", CATEGORIES[number].key, None, "الرباط", None),),
            )
            for number in (1, 2)
        ),
    )
}
TYPED = {"phone": Answer("+212600000001")}


@pytest.mark.parametrize("name", sorted(set(FLOWS) - {"signup"}))
def test_every_short_flow_finishes_whichever_choice_is_made(name: str) -> None:
    flow = FLOWS[name]
    first, *rest = flow.questions
    others = {q.key: Answer(q.choices[0].key if q.choices else "كلام يكفي") for q in rest}
    firsts = [Answer(choice.key) for choice in first.choices if choice.does == "answer"]
    for answer in firsts or [TYPED.get(first.key, Answer("كلام يكفي"))]:
        state = State(name, flow.version, first.key, 1, {**others, first.key: answer}, subject=1)
        ending = flow.finish(state, replace(KNOWN, loaded=LOADED))
        assert ending.say is not None or ending.then is not None
        assert told(ending.say) if ending.say else True


def test_a_card_counts_what_waits_up_to_a_thousand() -> None:
    waits = [told(card(replace(APPLICATION, waiting=number), KNOWN)).rpartition("\n\n")[2] for number in (2, 999, 1000)]
    assert waits == ["في انتظار البت: 2", "في انتظار البت: 999", "في انتظار البت: 1000 أو أكثر"]


def test_flows_questions_and_choices_have_keys_of_their_own() -> None:
    for flow in FLOWS.values():
        keys = [question.key for question in flow.questions]
        assert len(keys) == len(set(keys))
        for question in flow.questions:
            choices = [choice.key for choice in question.choices]
            assert len(choices) == len(set(choices))


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_no_two_choices_of_a_question_are_told_alike(language: str) -> None:
    for flow in FLOWS.values():
        for question in flow.questions:
            told_labels = [told(choice.label, language) for choice in question.choices]
            assert len(told_labels) == len(set(told_labels))


def test_every_word_people_may_type_is_answered_somewhere() -> None:
    at_questions = {word for flow in FLOWS.values() for q in flow.questions for c in q.choices for word in c.words}
    navigation = {"back", "keep", "skip", "no_value", "help", "dont_know", "edit"}
    later = {intent for intent in load_words().intents.values() if intent.startswith("poll_")}
    known_words = set(BY_INTENT) | at_questions | navigation | later
    assert set(load_words().intents.values()) <= known_words


def test_the_platforms_menu_is_short_and_in_latin_letters() -> None:
    assert [command.name for command in MENU] == [
        *("start", "status", "edit", "meeting", "consultations", "mydata", "stop", "help")
    ]
    assert all(command.name.isascii() and len(command.name) <= 32 for command in COMMANDS.values())
    for command in MENU:
        assert command.describe is not None
        assert all(len(text) <= 256 for text in languages(command.describe))


def test_the_profile_texts_fit() -> None:
    for text, most in ((setup.NAME, 64), (setup.SHORT, 120), (setup.DESCRIPTION, 512)):
        assert all(units(told_text) <= most for told_text in languages(text))


def test_the_notice_people_agreed_to_cannot_change_under_its_version() -> None:
    """A changed sentence needs a new `notice.VERSION`; then write its digest here."""
    surroundings = [known("telegram", language) for language in ("ar", "fr")]
    texts = [
        SETUP.speeches[each.speech.language, "telegram"].catalogue.gettext(part.source)
        for each in surroundings
        for part in (notice.IN_SHORT, notice.DO_YOU_AGREE, *_parts(notice.in_full(each)))
    ]
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
    assert (notice.VERSION, digest) == ("2026-11-22", DIGEST)


def _parts(text: object) -> list[Text]:
    if isinstance(text, Text):
        return [text]
    return [part for inner in getattr(text, "parts", ()) for part in _parts(inner)]


DIGEST = "409d8b245babb4ee"
