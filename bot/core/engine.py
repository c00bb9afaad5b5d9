"""The engine: moves a person along a declared flow. Pure: a state and an input in, a step out; no I/O, no clock.

Input is heard before it is acted on, because the router must know whether the expected answer was given before it looks
for words such as «مساعدة»: `picked` and `reading` say what the input is to the open question, `accept` acts on it.
"""

from __future__ import annotations

from dataclasses import replace

from bot.core import matching
from bot.core.flow import (
    Again,
    Answer,
    Answers,
    Choice,
    Doubt,
    Flow,
    Heard,
    How,
    Picked,
    Question,
    Reading,
    Refused,
    State,
    Step,
    Taken,
    ToChange,
)
from bot.core.known import Known
from bot.core.messages import Attached, Shared
from bot.core.readers import shared_phone
from bot.core.text import Ltr, Named, Sayable, Text, Value, t

ATTEMPTS = 3


def start(flow: Flow, *, step: int, answers: Answers | None = None, subject: int | None = None) -> State:
    """The first question that has no answer yet; with all answered, the review."""
    kept = dict(answers or {})
    blank = State(flow.name, flow.version, flow.questions[0].key, step, kept, subject=subject)
    return replace(blank, question=(_first_open(flow, kept) or flow.questions[-1]).key)


def renew(flow: Flow, state: State) -> State:
    """A state saved under another version of its flow, brought to this one: answers whose question still exists are
    kept, and only the difference is asked."""
    if state.version == flow.version and flow.question(state.question):
        return state
    kept = {key: answer for key, answer in state.answers.items() if flow.question(key)}
    fresh = start(flow, step=state.step + 1, answers=kept, subject=state.subject)
    return replace(fresh, revises=state.revises)  # `alone` goes: more than one answer may now be missing


def open_question(flow: Flow, state: State) -> Question:
    question = flow.question(state.question)
    if question is None:
        raise LookupError(f"{flow.name} has no question {state.question}: renew the state first")
    return question


def picked(flow: Flow, state: State, typed: str, known: Known) -> Heard | None:
    """What typed words pick of what is on offer: a choice, a way out of a doubt, an answer to change. None: nothing."""
    question = open_question(flow, state)
    key = matching.key_of(typed)
    if state.choosing or (question.review and state.doubt is None):
        field = next((f for f in changeable(flow, state.answers) if matching.names_field(flow, f, key, known)), None)
        if field is not None or state.choosing:
            return ToChange(field) if field else None
    # those are numbered on the screen, yes and no are not; but what is offered may have changed since, and is not meant then
    numbers_a_choice = key.isdigit() and bool(question.choices) and question.offers is None
    if not numbers_a_choice and state.doubt is not None and (doubt := doubted(flow, state, known)) is not None:
        option = matching.option_meant(doubt, key, known)
        if option is not None:
            return Taken(option.answer) if option.answer else Again()
    choice = matching.choice_meant(question.offered(known), key, known)
    return Picked(choice) if choice else None


def reading(flow: Flow, state: State, typed: str, known: Known) -> Reading:
    """What typed words that pick nothing are to the open question."""
    question = open_question(flow, state)
    if state.choosing or question.read is None:
        return _unlisted(state, question)
    return question.read(typed, state.answers, known)


def shared(flow: Flow, state: State, contact: Shared) -> Heard:
    """What a shared contact is to the open question."""
    if not open_question(flow, state).shares_phone or state.choosing:
        return _unlisted(state, open_question(flow, state))
    number = shared_phone(contact.phone)
    if not contact.own or number is None:
        return Refused(
            t(
                "The shared contact belongs to someone else. Press “{btn_share_phone}” to share your own number, or write"
                " the president’s number."
            )(btn_share_phone=SHARE_PHONE)
        )
    return Taken(Answer(number, None, "shared"))


def attached(flow: Flow, state: State, thing: Attached) -> Refused:
    """What a voice note, sticker, photo, file or map pin is to the open question: one sentence each, nothing kept."""
    question = open_question(flow, state)
    if thing.kind == "location":
        if question.choices or state.choosing:
            return Refused(t("A location was received. It is not needed here. {hint}")(hint=hint(state, question)))
        in_words = t("A location was received. It is not needed here: write your answer in words.")
        return Refused(question.on_location or in_words)
    said = _ATTACHMENTS[thing.kind](hint=hint(state, question))
    return Refused(said, offers_call=thing.kind == "voice")


def accept(flow: Flow, state: State, heard: Heard, known: Known, *, typed: str = "", how: How = "typed") -> Step:
    """Act on what was heard."""
    match heard:
        case Taken(answer):
            return _keep_answer(flow, state, answer, known)
        case Picked(choice):
            return _picked(flow, state, choice, known, typed=typed, how=how)
        case ToChange(question):
            return Step(_moved(state, question.key, editing=True))
        case Again():
            return Step(_moved(state, state.question, editing=state.editing))
        case Doubt(failed=failed):
            doubtful = replace(_moved(state, state.question, editing=state.editing), doubt=typed)
            return _failed(flow, doubtful, state.failures, None) if failed else Step(doubtful)
        case Refused(why, offers_call):
            step = _failed(flow, state, state.failures, why)
            return replace(step, call_offered=step.call_offered or offers_call)


def press(flow: Flow, state: State, value: str, known: Known) -> Step | None:
    """Act on a button of the open question; None when it has no such button (any more)."""
    question = open_question(flow, state)
    match value[:1], value[1:]:
        case "=", key if not state.choosing and state.doubt is None:
            choice = next((choice for choice in question.offered(known) if choice.key == key), None)
            return accept(flow, state, Picked(choice), known, how="pressed") if choice else None
        case "?", place if state.doubt is not None and (doubt := doubted(flow, state, known)) is not None:
            option = next((option for index, option in enumerate(doubt.options) if str(index) == place), None)
            if option is None:
                return None
            return accept(flow, state, Taken(option.answer) if option.answer else Again(), known)
        case "@", key if state.choosing:
            field = next((field for field in changeable(flow, state.answers) if field.key == key), None)
            return accept(flow, state, ToChange(field), known) if field else None
    moves = {"back": back, "keep": keep, "skip": skip, "help": explain, "edit": edit}
    return moves[value](flow, state, known) if value in moves else None


def back(flow: Flow, state: State, _: Known) -> Step:
    """One question back, the former answer shown and kept; from a change, back to where it was asked for."""
    if state.doubt is not None:
        return Step(_moved(state, state.question, editing=state.editing))
    if state.alone:
        return Step(state, (t("Nothing was changed. Your request stays as it was sent."),), over="left")
    before = flow.before(state.question, state.answers)
    if state.editing and state.question not in state.answers and before:  # the change has brought this question up
        return Step(_moved(state, before[-1].key, editing=True))
    if state.editing or state.choosing:
        return Step(_moved(state, (_first_open(flow, state.answers) or flow.questions[-1]).key))
    if not before:
        note = t("This is the first question. You can answer it, or write “Later” to stop here.")
        return Step(state, (note,))
    return Step(_moved(state, before[-1].key))


def keep(flow: Flow, state: State, _: Known) -> Step:
    """The former answer stays; without one, the question is asked again."""
    answer = state.answers.get(state.question)
    if answer is None or state.doubt is not None or state.choosing:
        return Step(state)
    return _go_on(flow, state, dict(state.answers), ())


def skip(flow: Flow, state: State, known: Known) -> Step:
    question = open_question(flow, state)
    if state.choosing or state.doubt is not None:
        return Step(state)
    if question.key in state.answers and question.kept:
        return keep(flow, state, known)
    if question.skip is None or (question.box == "email" and known.email_required):
        return Step(
            state,
            (
                t(
                    "This answer is needed to process the request. If you do not have it now, write “Later”: everything"
                    " already entered stays saved."
                ),
            ),
        )
    return _skipped(flow, state, question)


def explain(flow: Flow, state: State, _: Known) -> Step:
    """What this question wants, and whom to call; the question returns."""
    helper = open_question(flow, state).helper
    if helper is None:
        return Step(state, (HELP,))
    return Step(state, (t("{helper}\n\nTo speak to someone: {contact_phone} ({contact_hours})")(helper=helper),))


def edit(flow: Flow, state: State, _: Known) -> Step:
    """Ask which answer to change; with none kept yet, the question is asked again."""
    if not changeable(flow, state.answers):
        return Step(state)
    return Step(replace(_moved(state, state.question), choosing=True))


def changeable(flow: Flow, answers: Answers) -> tuple[Question, ...]:
    """The answers that the review shows and that may be changed."""
    return tuple(q for q in flow.applicable(answers) if q.counted and q.key in answers and not _after_review(flow, q))


def doubted(flow: Flow, state: State, known: Known) -> Doubt | None:
    """What is being asked back: the reader's doubt about the stored words. None when it would not doubt them any more."""
    question = open_question(flow, state)
    if state.doubt is None or question.read is None:
        return None
    again = question.read(state.doubt, state.answers, known)
    return again if isinstance(again, Doubt) else None


def hint(state: State, question: Question) -> Sayable:
    """What would be an answer to what is asked now."""
    if question.choices or state.choosing or state.doubt is not None:
        return t("Press one of the choices, or write its number.")
    return question.helper or t("Write your answer in words.")


def show(question: Question, answer: Answer, known: Known) -> Value:
    """The answer as people read it."""
    if answer.value is None and answer.typed is None:
        return t("Not provided")
    choice = next((choice for choice in question.choices if choice.key == answer.value), None)
    if choice is not None:
        return choice.full or choice.label
    return question.show(answer, known)


def _picked(flow: Flow, state: State, choice: Choice, known: Known, *, typed: str, how: How) -> Step:
    match choice.does:
        case "edit":
            return edit(flow, state, known)
        case "tell":
            return Step(state, (choice.tell(known),) if choice.tell else ())
        case "leave":
            return Step(state, (choice.tell(known),) if choice.tell else (), over="left")
    return _keep_answer(flow, state, Answer(choice.key, typed or None, how), known)


def _keep_answer(flow: Flow, state: State, answer: Answer, known: Known) -> Step:
    question = open_question(flow, state)
    answers = dict(state.answers)
    if question.kept:
        answers[question.key] = answer
    answers = {q.key: answers[q.key] for q in flow.applicable(answers) if q.key in answers}
    return _go_on(flow, state, answers, _acknowledged(state, question, answer, known), answered=question.key)


def _acknowledged(state: State, question: Question, answer: Answer, known: Known) -> tuple[Sayable, ...]:
    """Said when the answer is kept: always after a change, otherwise only when what is kept is not what was typed."""
    if question.ack is not None:
        ack = question.ack(answer, known)
        return (ack,) if ack else ()
    if not question.kept:
        return ()
    value = show(question, answer, known)
    if state.editing and question.label is not None:
        return (t("Changed: {field_label} is now: {value}")(field_label=question.label, value=value),)
    if answer.how == "typed" and not question.choices and _same_words(value, answer.typed):
        return ()
    return (t("Saved: {value}")(value=value),)


def _same_words(value: Value, typed: str | None) -> bool:
    match value:
        case str():
            return True
        case Ltr():
            return value.value == typed
        case Named():
            return typed in (value.ar, value.fr)
    return False


def _skipped(flow: Flow, state: State, question: Question) -> Step:
    answers = {**state.answers, question.key: Answer(None)}
    ack = question.skip.ack if question.skip else None
    return _go_on(flow, state, answers, (ack,) if ack else (), answered=question.key)


def _go_on(
    flow: Flow, state: State, answers: dict[str, Answer], notes: tuple[Sayable, ...], answered: str | None = None
) -> Step:
    """To the next question in order; after a change, to what is still open before the review, else to the review."""
    if state.editing:
        following = _first_open(flow, answers)
        if state.alone and following is not None and following.review:
            following = None
    else:
        rest = flow.applicable(answers)
        place = next((index for index, q in enumerate(rest) if q.key == state.question), -1)
        following = rest[place + 1] if place + 1 < len(rest) else None
    if following is None:
        return Step(replace(state, answers=answers), notes, answered=answered, over="finished")
    still_editing = state.editing and not following.review
    return Step(_moved(state, following.key, editing=still_editing, answers=answers), notes, answered=answered)


def _first_open(flow: Flow, answers: Answers) -> Question | None:
    """The first question without answer; a review is always open."""
    return next((q for q in flow.applicable(answers) if q.review or (q.kept and q.key not in answers)), None)


def _after_review(flow: Flow, question: Question) -> bool:
    review = next((index for index, q in enumerate(flow.questions) if q.review), len(flow.questions))
    return flow.questions.index(question) > review


def _moved(state: State, key: str, *, editing: bool = False, answers: dict[str, Answer] | None = None) -> State:
    """Another thing is asked: buttons of what was asked before no longer count."""
    return State(
        flow=state.flow,
        version=state.version,
        question=key,
        step=state.step + 1,
        answers=state.answers if answers is None else answers,
        editing=editing,
        failures=state.failures if key == state.question else 0,
        subject=state.subject,
        revises=state.revises,
        alone=state.alone,
    )


def _failed(flow: Flow, state: State, failures: int, why: Sayable | None) -> Step:
    """An attempt that led nowhere; every third in a row offers a human in place of one more refusal, but to the committee,
    who are the humans that are offered."""
    state = replace(state, failures=failures + 1)
    if state.failures % ATTEMPTS == 0 and flow.role is None:
        offer = t("It seems difficult to continue. A member of the team can call you and complete the answer with you.")
        return Step(state, (offer,), refused=True, call_offered=True)
    return Step(state, (why,) if why else (), refused=why is not None)


def _unlisted(state: State, question: Question) -> Refused:
    return Refused(t("We did not understand this answer. {hint}")(hint=hint(state, question)))


CALL_ME = t("Ask for a call")
SHARE_PHONE = t("Share my number")
HELP = t(
    "What you can write at any time:\n• “Back”: previous question\n• “Skip”: next question, if optional\n• “Edit”:"
    " change an answer\n• “Later”: stop and keep the answers\n• “Language”: Arabic or French\n• “Menu”: all services\n"
    "• “Person”: talk to the team\n• “Stop”: no more announcements\n\nTo speak to someone: {contact_phone}"
    " ({contact_hours}) or {contact_email}"
)
VOICE = t(
    "We received a voice message, but this assistant reads only text. Write the answer, or press “{btn_call_me}” and the"
    " team will call you."
)(btn_call_me=CALL_ME)
_ATTACHMENTS: dict[str, Text] = {
    "voice": VOICE,
    "sticker": t("A sticker was received; an answer in writing is needed here. {hint}"),
    "photo": t("A photo was received, but this question needs a written answer. The photo has not been kept. {hint}"),
    "file": t("A file was received, but no document is needed here. It has not been kept. {hint}"),
    "other": t("We did not understand this answer. {hint}"),
}
