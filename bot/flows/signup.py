"""Signing up: consent, the eight questions of the call, the check of the answers, the signature."""

from __future__ import annotations

from bot.core import calendar
from bot.core.bidi import one_line, shorten
from bot.core.engine import show
from bot.core.flow import (
    NO,
    YES,
    Answer,
    Answers,
    Choice,
    Doubt,
    Ending,
    Flow,
    Option,
    Question,
    Reading,
    Refused,
    Skip,
    State,
    Taken,
    quietly,
)
from bot.core.folding import fold
from bot.core.known import Known
from bot.core.messages import Button, Outgoing
from bot.core.readers import (
    TOO_LONG_A_NAME,
    NameRules,
    city,
    email,
    free_text_reader,
    name_reader,
    person_name_reader,
    phone,
    same_name,
    show_city,
    show_email,
    show_phone,
)
from bot.core.text import Ltr, Sayable, Text, n, paragraphs, t
from bot.flows import notice
from bot.flows.categories import CATEGORIES, OTHER, read_category
from bot.flows.codes import resume_code
from bot.flows.effects import DropDraft, Effect, GiveConsent, OpenDraft, Submit
from bot.rules.references import reference

NAME = "signup"
MOST_OF_A_NAME = 80


def _consent_text(_: Answers, __: Known) -> Sayable:
    return paragraphs(notice.IN_SHORT, notice.DO_YOU_AGREE)


def _consent_recorded(_: Answer, known: Known) -> Text:
    return t("Your agreement was recorded on {date} at {time}. You can withdraw it at any time with {mydata_command}.")(
        date=calendar.day(known.now.date()), time=calendar.clock(known.now)
    )


DECLINED = t(
    "We respect your choice: no answer has been recorded. To sign up another way, write to {contact_email} or call"
    " {contact_phone}. To return here, send “Start”."
)

TRIAL = t("Trial version: who is responsible for it has not been declared yet. Do not enter real personal data.")


def banner(known: Known) -> Text | None:
    """Carried by every welcome until the operator has said who is in charge."""
    return None if known.declared else TRIAL


def welcome_text(*, declared: bool) -> Sayable:
    """Who asks, why, how long, what to have ready."""
    hello = t(
        "Welcome.\n\nThis space is for presidents of associations that run social-care institutions in Morocco. You can"
        " sign up your association, follow the preparation of the national meeting and give your opinion on the draft"
        " charter.\n\nThis is an automatic assistant. You can ask to speak to the coordination team at any time."
    )
    intro = t(
        "Number of short questions: {total}, about 5 minutes. Each answer is saved as soon as you send it: you can stop"
        " and come back later, and the coordination team can see it to help you finish. Nothing counts as a request"
        " until you sign.\n\nHave ready: the name of the association as it appears on its receipt, the name of the"
        " centre, the president’s phone and e-mail."
    )(total=len(SIGNUP.counted()))
    return paragraphs(None if declared else TRIAL, hello, intro)


def welcome(known: Known) -> Outgoing:
    return Outgoing(welcome_text(declared=known.declared), (Button(t("Read the call"), "go::call"),))


CONSENT = Question(
    key="consent",
    ask=_consent_text,
    choices=(
        Choice("agree", t("I agree"), words=YES),
        Choice("decline", t("I do not agree"), words=NO | {"cancel"}, does="leave", tell=lambda _: DECLINED),
        Choice("read", t("Data protection"), does="tell", tell=notice.in_full),
    ),
    ack=_consent_recorded,
    counted=False,
)

ASSOCIATION = Question(
    key="association",
    ask=t("What is the name of the managing association?"),
    label=t("Managing association"),
    example=t("Example: {example_association}")(example_association=t("Hope Association for Development")),
    helper=t("Write the full name as it appears on the association’s receipt, in Arabic or French."),
    names=True,
    read=name_reader(
        NameRules(
            least=3,
            most=150,
            short=t("“{value}” is too short to identify the association. Write its full name."),
            long=t(
                "The name is too long (limit: {max} characters). Write only the name, without the address or other details."
            ),
            like_contact=t(
                "This looks like a phone number or an e-mail. Write the name of the association here; the phone and e-mail"
                " come later."
            ),
        )
    ),
)


def _same_as_association(name: str, answers: Answers) -> Text | None:
    association = answers.get("association")
    if association is None or fold(name) != fold(association.value or ""):
        return None
    return t("The centre has the same name as the association. Is that correct?")


CENTRE = Question(
    key="centre",
    ask=t("What is the name of the centre?"),
    label=t("Centre"),
    example=t("Example: {example_centre}")(example_centre=t("Hope Centre for Women")),
    helper=t("If the association runs several centres, start with one: the coordination team will add the others with you."),
    names=True,
    read=name_reader(
        NameRules(
            least=3,
            most=150,
            short=t("“{value}” is too short. Write the full name of the centre."),
            long=t("The name is too long (limit: {max} characters). Write only the name of the centre."),
            like_contact=t(
                "This looks like a phone number or an e-mail. Write the name of the centre here; the phone and e-mail come"
                " later."
            ),
        ),
        confirm=_same_as_association,
    ),
)

CATEGORY = Question(
    key="category",
    ask=t("Which category of people does the centre serve?"),
    label=t("Target category"),
    example=t("Example: press a choice, or write its number: {example_number}")(example_number=2),
    helper=t(
        "If the centre serves several categories, choose the main one. If yours is not listed, choose “{other_label}”."
    )(other_label=CATEGORIES[-1].label),
    choices=CATEGORIES,
    read=read_category,
)

CATEGORY_OTHER = Question(
    key="category_other",
    ask=t("Describe the people the centre serves in a few words."),
    label=t("Description of the category"),
    names=True,
    read=free_text_reader(
        least=3,
        most=150,
        short=t(
            "This description is too short (minimum: {min} characters). Add a few words so that the team can classify the"
            " centre."
        ),
        long=t("This description is too long (limit: {max} characters). Shorten it to a few words."),
    ),
    counted=False,
    when=lambda answers: answers.get("category", Answer(None)).value == OTHER,
)

PRESIDENT = Question(
    key="president",
    ask=t("What is the full name of the association’s president?"),
    label=t("President"),
    example=t("Example: {example_name}")(example_name=t("Fatima El Alaoui")),
    helper=t(
        "First name and family name. If you are not the president, write the president’s name; we will ask who you are at"
        " the end."
    ),
    names=True,
    read=person_name_reader(most=MOST_OF_A_NAME),
)

PHONE = Question(
    key="phone",
    ask=t("What is the president’s phone number?"),
    label=t("Phone"),
    example=t("Example: {example_phone}")(example_phone=Ltr("06 00 00 00 01")),
    helper=t("The team will use this number only to follow up your request and in case of a change to the meeting."),
    read=phone,
    show=show_phone,
    shares_phone=True,
    box="tel",
)

EMAIL = Question(
    key="email",
    ask=t("What is the e-mail address of the association or its president?"),
    label=t("E-mail"),
    example=t("Example: {example_email}")(example_email=Ltr("association@example.com")),
    helper=t("It will be used only if we cannot reach you here. If you have no e-mail, press “{btn_no_email}”.")(
        btn_no_email=t("No e-mail")
    ),
    read=email,
    show=show_email,
    skip=Skip(t("No e-mail"), t("Noted. You will receive everything in this conversation."), NO | {"skip", "no_value"}),
    box="email",
)

CITY = Question(
    key="city",
    ask=t("In which city or commune is the centre?"),
    label=t("City"),
    example=t("Example: {example_city}")(example_city=t("Essaouira")),
    helper=t("Write only the name of the city or commune, without the street."),
    read=city,
    show=show_city,
    on_location=t("A location was received. Write the name of the city or commune instead."),
)


def table(answers: Answers, known: Known) -> Text:
    """The seven answers before the signature, a line each."""
    shown = {question.key: show(question, answers[question.key], known) for question in ROWS}
    if CATEGORY_OTHER.key in answers:
        details = show(CATEGORY_OTHER, answers[CATEGORY_OTHER.key], known)
        shown["category"] = t("{category} ({details})")(category=shown["category"], details=details)
    return t(
        "1. Managing association: {association}\n2. Centre: {centre}\n3. Target category: {category}\n4. President:"
        " {president}\n5. Phone: {phone}\n6. E-mail: {email}\n7. City: {city}"
    )(**shown)


def _check_your_answers(answers: Answers, known: Known) -> Sayable:
    return paragraphs(
        t("Check your answers before sending"),
        table(answers, known),
        t("The request is not sent until you sign. Is everything correct?"),
    )


ROWS = (ASSOCIATION, CENTRE, CATEGORY, PRESIDENT, PHONE, EMAIL, CITY)

REVIEW = Question(
    key="review",
    ask=_check_your_answers,
    choices=(
        Choice("correct", t("All correct"), words=YES | {"done"}),
        Choice("edit", t("Change an answer"), words=NO | {"edit"}, does="edit"),
    ),
    counted=False,
    kept=False,
    review=True,
)


def _read_signature(typed: str, answers: Answers, known: Known) -> Reading:
    name, president = one_line(typed), answers["president"].value or ""
    if len(name) > MOST_OF_A_NAME:
        return Refused(TOO_LONG_A_NAME(max=MOST_OF_A_NAME))
    if same_name(name, president):
        return Taken(Answer(name, typed))
    if known.words.intent(name) in _AGREEING:
        return Refused(_WRITE_YOUR_NAME(example_name=president))
    on_behalf = Option(t("I sign on behalf"), Answer(name, typed, "on_behalf"))
    ask = t(
        "The name written ({value}) is different from the president’s name ({president}). Write the same name, or say that"
        " you sign on their behalf."
    )(value=shorten(name, 60), president=president)
    return Doubt(ask, (on_behalf,), failed=True)


_AGREEING = YES | {"done"}
_WRITE_YOUR_NAME = t("To sign, write your full name, for example: {example_name}")


def _signature_example(answers: Answers, _: Known) -> Sayable:
    return paragraphs(
        t(
            "Last step: signature.\nBy signing, you confirm that you represent the association, that the information above"
            " is correct, and that the association joins the preparatory work of the call."
        ),
        _WRITE_YOUR_NAME(example_name=answers["president"].value or ""),
    )


SIGNATURE = Question(
    key="signature",
    ask=_signature_example,
    label=t("Signature"),
    helper=t(
        "Write the president’s full name as it stands in your answers. If you sign for the president, write your own name:"
        " we will ask for your role."
    ),
    names=True,
    read=_read_signature,
    ack=quietly,
)

SIGNER_ROLE = Question(
    key="signer_role",
    ask=t("What is your role in the association? For example: {example_role}")(example_role=t("Secretary general")),
    label=t("Role of the signatory"),
    names=True,
    read=free_text_reader(
        least=3,
        most=80,
        short=t("This answer is too short (minimum: {min} characters). Write your role in the association."),
        long=t("This answer is too long (limit: {max} characters). Write only your role in the association."),
    ),
    counted=False,
    when=lambda answers: answers.get("signature", Answer(None)).how == "on_behalf",
)


def _consented(state: State, _: Known) -> tuple[Effect, ...]:
    """A sign-up that others prepared is a draft already."""
    agreed = GiveConsent("signup", notice.VERSION)
    return (agreed, OpenDraft()) if state.subject is None else (agreed,)


def _declined(state: State, _: Known) -> Ending:
    """Who does not agree leaves nothing behind, not even what others had prepared."""
    if state.subject is None or state.revises:
        return Ending()
    say = t("The answers that the coordination team had prepared have been deleted.")
    return Ending(say, (DropDraft(state.subject),))


def _submitted(state: State, known: Known) -> Ending:
    if state.subject is None:
        raise LookupError("a signature without a sign-up")
    say = t(
        "Your request has been received.\nReference: {ref}\n\nWhat happens next: the coordination team checks the"
        " information within {delay_phrase} and replies to you here.\nQuestions: {contact_phone}"
    )(ref=Ltr(reference(state.subject)), delay_phrase=working_days(REVIEW_DAYS))
    code, kept = resume_code(known)
    effects = (Submit(state.subject, state.answers), *kept)
    return Ending(paragraphs(say, code), effects, then=None if state.revises else "optin")


REVIEW_DAYS = 5


def working_days(count: int) -> Text:
    return n("{n} working day", "{n} working days", count)


SIGNUP = Flow(
    name=NAME,
    version=1,
    title=t("Sign-up"),
    questions=(
        *(CONSENT, ASSOCIATION, CENTRE, CATEGORY, CATEGORY_OTHER, PRESIDENT, PHONE, EMAIL, CITY),
        *(REVIEW, SIGNATURE, SIGNER_ROLE),
    ),
    finish=_submitted,
    answered={"consent": _consented},
    left=_declined,
    opening=welcome,
)
