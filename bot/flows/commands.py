"""What people may ask for at any time: each command declared with the words that mean it and what it answers."""

from __future__ import annotations

from dataclasses import replace

from bot.core import calendar, engine
from bot.core.flow import Answer, Answers, State
from bot.core.known import Known
from bot.core.messages import Outgoing
from bot.core.text import Ltr, Sayable, Text, Value, lines, paragraphs, t
from bot.flows import codes, coordination, helpdesk, language, leaving, moves, notice, signup
from bot.flows.command import AREA, Act, Command, coordinator_in, go
from bot.flows.committee import TEAM
from bot.flows.effects import Effect, GiveConsent, SetLanguage, WithdrawConsent
from bot.flows.standing import Outcome, Request, Standing, Talk
from bot.rules.permissions import may
from bot.rules.references import reference


def _request(known: Known) -> Request | None:
    return known.loaded.get("request")


def _value(answers: Answers, key: str, known: Known) -> Value:
    question = signup.SIGNUP.question(key)
    answer = answers.get(key)
    return engine.show(question, answer, known) if question and answer else t("Not provided")


def start(standing: Standing, known: Known) -> Outcome:
    """Go on with what is open; otherwise greet, by name where a request exists, and begin."""
    if standing.talk.draft(signup.NAME) is not None:
        return go_on(standing, known)
    if may(coordinator_in(known), "viewer"):
        return coordination.area(standing, known)
    request = _request(known)
    if request is not None:
        hello = t("Welcome back, {president}.\nAssociation: {association}\nWhat would you like to do?")(
            president=_value(request.answers, "president", known),
            association=_value(request.answers, "association", known),
        )
        return _services(standing, paragraphs(signup.banner(known), hello))
    if standing.new and standing.language not in known.languages:
        return moves.opened(standing.talk, known, language.FIRST_LANGUAGE.name)
    return moves.opened(standing.talk, known, signup.NAME)


def go_on(standing: Standing, known: Known) -> Outcome:
    """Back to the open sign-up: how far it is, the last answer saved, the next question."""
    draft = standing.talk.draft(signup.NAME)
    if draft is None:
        return start(standing, known)
    rows = [question for question in signup.SIGNUP.counted() if question.key in draft.answers]
    recap = None
    if rows:
        recap = t(
            "Welcome back. Your sign-up is not finished: {done} of {total} answers are saved.\n\nLast answer saved:"
            " {last_label}: {last_value}"
        )(
            done=len(rows),
            total=len(signup.SIGNUP.counted()),
            last_label=rows[-1].label or "",
            last_value=_value(draft.answers, rows[-1].key, known),
        )
    return moves.opened(_resumed(standing.talk, draft, known), known, signup.NAME, notes=_said(signup.banner(known), recap))


def _resumed(talk: Talk, draft: State, known: Known) -> Talk:
    """The talk at the question itself: who comes back is not asked which answer to change."""
    if not draft.choosing:
        return talk
    state = engine.back(signup.SIGNUP, draft, known).state
    stack = tuple(state if each is draft else each for each in talk.stack)
    return replace(talk, stack=stack, counter=max(talk.counter, state.step))


def _said(*notes: Sayable | None) -> tuple[Sayable, ...]:
    return tuple(note for note in notes if note is not None)


SERVICES = (
    go("start", t("Sign-up")),
    go("status", t("My request")),
    go("edit", t("Change an answer")),
    go("meeting", t("National meeting")),
    go("consultations", t("Draft charter")),
    go("call", t("Read the call")),
    go("mydata", t("My data")),
    go("contact", t("Contact the team")),
    go("language", t("Change the language")),
    go("help", t("Help")),
)


def _services(standing: Standing, hello: Sayable) -> Outcome:
    return Outcome(replace(standing.talk, lost=0), (Outgoing(hello, SERVICES),))


def services(standing: Standing, _: Known) -> Outcome:
    return _services(standing, t("Choose a service:"))


def menu(standing: Standing, known: Known) -> Outcome:
    """What a member of the committee does most stands before what everybody may do."""
    if may(coordinator_in(known), "viewer"):
        return coordination.area(standing, known)
    return services(standing, known)


def status(standing: Standing, known: Known) -> Outcome:
    draft, request = standing.talk.draft(signup.NAME), _request(known)
    if draft is not None and draft.subject is not None and not draft.revises:
        return _draft_status(standing, draft, known)
    if request is None:
        none = t("No request is linked to this conversation. To sign up, write “Start”.")
        return moves.aside(standing.talk, none, go("start", t("Start sign-up")))
    if request.status in ("refused", "needs_correction"):
        return moves.aside(standing.talk, _standing_of(request, known), go("correct", t("Correct and resend")))
    if request.seat is not None:
        joined = t(
            "Request {ref} was joined to request {other} of the same association. You are one of its contacts; a change goes"
            " through the team."
        )(ref=Ltr(reference(request.id)), other=Ltr(reference(request.seat.id)))
        told = paragraphs(joined, _standing_of(request.seat, known))
        return moves.aside(standing.talk, told, go("contact", t("Contact the team")))
    return moves.ask_again(standing.talk, known, (_standing_of(request, known),))


def _standing_of(request: Request, known: Known) -> Text:
    """Where a request that was sent stands, as the person has been told."""
    ref = Ltr(reference(request.id))
    if request.decided_at is None or request.status == "pending":
        told = t("Request {ref}: being reviewed since {date}. You will be notified here as soon as a decision is made.")
        return told(ref=ref, date=calendar.day(request.since.astimezone(known.zone).date()))
    on = calendar.day(request.decided_at.astimezone(known.zone).date())
    if request.status == "approved":
        told = t("Request {ref}: accepted on {date}.\nAssociation: {association}\nCentre: {centre}")
        association, centre = (_value(request.answers, key, known) for key in ("association", "centre"))
        return told(ref=ref, date=on, association=association, centre=centre)
    if request.status == "refused":
        told = t("Request {ref}: not accepted on {date}.\nReason: {reason}\nYou can correct it and send it again.")
        return told(ref=ref, date=on, reason=request.reason)
    told = t("Request {ref}: waiting for a correction since {date}.\nRemark of the team: {reason}")
    return told(ref=ref, date=on, reason=request.reason)


def _draft_status(standing: Standing, draft: State, known: Known) -> Outcome:
    done = [question for question in signup.SIGNUP.counted() if question.key in draft.answers]
    told = t("Your sign-up is not finished: {done} of {total} answers.\nNext: {next_label}")(
        done=len(done),
        total=len(signup.SIGNUP.counted()),
        next_label=engine.open_question(signup.SIGNUP, draft).label or t("Check your answers before sending"),
    )
    return moves.ask_again(standing.talk, known, (told,))


def edit(standing: Standing, known: Known) -> Outcome:
    """Change an answer: of the open sign-up, else of the request already sent, which is then signed again."""
    draft, request = standing.talk.draft(signup.NAME), _request(known)
    if draft is not None:
        place = standing.talk.stack.index(draft)
        standing = replace(standing, talk=replace(standing.talk, stack=standing.talk.stack[: place + 1]))
        return moves.stepped(standing, engine.edit(signup.SIGNUP, draft, known), known)
    if request is None:
        return status(standing, known)
    if request.status in _THROUGH_THE_TEAM:
        return moves.opened(standing.talk, known, helpdesk.CONTACT.name, notes=(_THROUGH_THE_TEAM[request.status],))
    kept = {key: answer for key, answer in request.answers.items() if key not in ("signature", "signer_role")}
    opening = moves.opened(standing.talk, known, signup.NAME, answers=kept, subject=request.id, revises=True)
    reopened = replace(standing, talk=opening.talk)
    state = opening.talk.stack[-1]
    note = t("Your request stays as it was sent until you sign the change.")
    step = engine.edit(signup.SIGNUP, state, known)
    return moves.stepped(reopened, replace(step, notes=(note,)), known)


_THROUGH_THE_TEAM = {
    "approved": t("Your request is accepted, so a change goes through the team. Write what should change, and to what."),
    "merged": t(
        "Your request was joined to another of your association, so a change goes through the team. Write what should"
        " change, and to what."
    ),
}


def correct(standing: Standing, known: Known) -> Outcome:
    """Answer again what the team asked for, and nothing else; where it named no answer, any of them."""
    request = _request(known)
    if request is None or request.status not in ("refused", "needs_correction"):
        return status(standing, known)
    if request.reopens is None or standing.talk.draft(signup.NAME) is not None:
        return edit(standing, known)
    answers = dict(request.answers)
    opening = moves.opened(standing.talk, known, signup.NAME, answers=answers, subject=request.id, revises=True)
    return moves.again_alone(opening.talk, known, request.reopens)


def cancel(standing: Standing, known: Known) -> Outcome:
    """Leave what is open: a short conversation at once, a sign-up after a question, a change with nothing lost."""
    top = standing.talk.top
    if top is None:
        return menu(standing, known)
    if top.flow != signup.NAME:
        return moves.left(standing.talk, known, (t("Nothing was changed."),))
    beneath = replace(standing.talk, stack=standing.talk.stack[:-1])
    if top.revises:
        return moves.ask_again(beneath, known, (t("Nothing was changed. Your request stays as it was sent."),))
    return moves.opened(standing.talk, known, leaving.CANCEL.name)


def later(standing: Standing, known: Known) -> Outcome:
    """Stop here: what is saved, and how to come back."""
    draft = standing.talk.draft(signup.NAME)
    if draft is None:
        return menu(standing, known)
    done = [question for question in signup.SIGNUP.counted() if question.key in draft.answers]
    saved = t("Your answers are saved ({done} of {total}). To continue, come back here at any time and write “Continue”.")(
        done=len(done), total=len(signup.SIGNUP.counted())
    )
    code, effects = codes.resume_code(known)
    return replace(moves.aside(standing.talk, paragraphs(saved, code)), effects=effects)


def meeting(standing: Standing, known: Known) -> Outcome:
    none = t("No date has been set for the national meeting yet. You will be informed here.")
    return moves.ask_again(standing.talk, known, (none,))


def consultations(standing: Standing, known: Known) -> Outcome:
    none = t("There is no open consultation at the moment. You will be informed here when one opens.")
    return moves.ask_again(standing.talk, known, (none,))


def read_call(standing: Standing, _: Known) -> Outcome:
    """The call in brief, its tasks, and what signing up does not mean."""
    return moves.aside(
        standing.talk,
        paragraphs(
            t(
                "The call in brief\n\nOn the sidelines of a regional seminar held in Essaouira on Saturday 13 November"
                " 2021, more than 40 associations that run social-care institutions discussed the difficulties they face."
                " They agreed on the need to create a national body for these institutions that would act as a force for"
                " proposals, and they invite every association concerned to join."
            ),
            t(
                "Tasks proposed for the body\n\n1. Advocate for and defend the interests of social-care institutions with"
                " the competent authorities.\n2. Strengthen networking and cooperation so that institutions share and"
                " develop their experience.\n3. Build the capacity of the staff who run the institutions, to improve the"
                " services provided."
            ),
            t(
                "The body has not been created yet. Signing up means joining the preparatory work; it carries no fee and no"
                " commitment to an adopted text."
            ),
        ),
        *(() if standing.talk.top else (go("start", t("Start sign-up")),)),
    )


def privacy(standing: Standing, known: Known) -> Outcome:
    return moves.ask_again(standing.talk, known, (notice.in_full(known),))


def mydata(standing: Standing, _: Known) -> Outcome:
    ask = t("Your personal data. What would you like to do?")
    return moves.aside(
        standing.talk,
        ask,
        go("mydata_copy", t("Get a copy")),
        go("edit", t("Correct")),
        go("erase", t("Ask for deletion")),
    )


NOTHING_HELD = t("Nothing but the address of this conversation.")


def mydata_copy(standing: Standing, known: Known) -> Outcome:
    """Everything held about the person, as text."""
    told = t("Here is a copy of the data we hold about you, on {date}. To correct it, write “Edit”.")
    held = known.loaded.get("held", (NOTHING_HELD,))  # of somebody who writes for the first time nothing was looked for
    return moves.ask_again(standing.talk, known, (told(date=calendar.day(known.now.date())), lines(*held)))


def erase(standing: Standing, known: Known) -> Outcome:
    why_not = leaving.held_back(known)
    if why_not is not None:
        return moves.aside(standing.talk, why_not, TEAM, AREA)
    return moves.opened(standing.talk, known, leaving.ERASE.name)


def change_language(standing: Standing, known: Known) -> Outcome:
    return moves.opened(standing.talk, known, language.LANGUAGE.name)


def _speak(wanted: str) -> Act:
    def act(standing: Standing, known: Known) -> Outcome:
        if wanted not in known.languages:
            return moves.ask_again(standing.talk, known, (language.UNSUPPORTED,))
        talk = replace(standing.talk, stack=tuple(s for s in standing.talk.stack if s.flow != language.LANGUAGE.name))
        asked = moves.ask_again(talk, known, (language.CHANGED,), effects=(SetLanguage(wanted),))
        return replace(asked, language=wanted)

    return act


def stop(standing: Standing, known: Known) -> Outcome:
    """No announcements any more; what was open stays open."""
    if standing.announcements == "no":
        already = t("Announcements are already stopped. To receive them again, write “Resume”.")
        return moves.ask_again(standing.talk, known, (already,))
    stopped = t(
        "Announcements and reminders are stopped. Your sign-up stays valid. You will still receive replies about your own"
        " request. To receive announcements again, write “Resume”."
    )
    return moves.ask_again(standing.talk, known, (stopped,), effects=(WithdrawConsent("announcements"),))


def resume(standing: Standing, known: Known) -> Outcome:
    told = t("You will receive announcements and reminders again.")
    effects: tuple[Effect, ...] = (GiveConsent("announcements", notice.VERSION),)
    return moves.ask_again(standing.talk, known, (told,), effects=effects)


def help_(standing: Standing, known: Known) -> Outcome:
    return moves.ask_again(standing.talk, known, (engine.HELP,))


def human(standing: Standing, known: Known) -> Outcome:
    """A call from the team: to the number already given, else to the one asked for now."""
    draft, request = standing.talk.draft(signup.NAME), _request(known)
    answers = draft.answers if draft else request.answers if request else {}
    number = answers.get("phone", Answer(None)).value
    if number is None:
        return moves.opened(standing.talk, known, helpdesk.CALL.name)
    stuck = draft if draft and draft is standing.talk.top else None
    return moves.ended(standing.talk, known, helpdesk.call_recorded(number, stuck))


def contact(standing: Standing, known: Known) -> Outcome:
    return moves.opened(standing.talk, known, helpdesk.CONTACT.name)


def greet(standing: Standing, known: Known) -> Outcome:
    if standing.talk.top is None:
        return start(standing, known)
    return moves.ask_again(standing.talk, known, (t("Peace be upon you too."),))


def thanks(standing: Standing, known: Known) -> Outcome:
    return moves.ask_again(standing.talk, known, (t("You are welcome."),))


_REQUEST = frozenset({"request"})
_COMMITTEE = frozenset({"coordinator", "counts"})


def _word(*intents: str) -> frozenset[str]:
    return frozenset(intents)


COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command("start", start, _word("start"), t("Start, or continue where you stopped"), _REQUEST | _COMMITTEE),
        Command("status", status, _word("status"), t("See where your request stands"), _REQUEST),
        Command("edit", edit, _word("edit"), t("Change your details"), _REQUEST),
        Command("meeting", meeting, _word(), t("National meeting: date, place, attendance")),
        Command("consultations", consultations, _word("my_opinions"), t("Draft charter: give your opinion")),
        Command("mydata", mydata, _word("mydata"), t("Get or delete your data")),
        Command("stop", stop, _word("stop"), t("Stop receiving announcements")),
        Command("help", help_, _word("help", "dont_know"), t("Help")),
        Command("menu", menu, _word("menu"), needs=_COMMITTEE),
        Command("settings", menu, needs=_COMMITTEE),
        Command("services", services),
        Command("register", start, needs=_REQUEST),
        Command("correct", correct, needs=_REQUEST),
        Command("continue", go_on, _word("continue"), needs=_REQUEST),
        Command("later", later, _word("later")),
        Command("cancel", cancel, _word("cancel")),
        Command("call", read_call),
        Command("privacy", privacy),
        Command("mydata_copy", mydata_copy, needs=frozenset({"request", "held"})),
        Command("erase", erase, needs=frozenset({"coordinator", "place"})),
        Command("language", change_language, _word("language")),
        Command("arabic", _speak("ar"), _word("lang_ar")),
        Command("french", _speak("fr"), _word("lang_fr")),
        Command("english", _speak("en"), _word("lang_en")),
        Command("resume", resume, _word("resume")),
        Command("human", human, _word("human"), needs=_REQUEST),
        Command("contact", contact, _word("handover")),
        Command("greet", greet, _word("greeting"), needs=_REQUEST | _COMMITTEE),
        Command("thanks", thanks, _word("thanks")),
        *coordination.COMMANDS,
    )
}
BY_INTENT = {intent: command for command in COMMANDS.values() for intent in command.intents}
