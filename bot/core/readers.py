"""What people typed → an answer, a refusal that teaches, or a doubt to ask back about.

Readers are given text already cleaned (bidi.clean) and never raise for its content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from rapidfuzz.distance import DamerauLevenshtein

from bot.core.bidi import one_line, shorten
from bot.core.flow import Answer, Answers, Doubt, Option, Reader, Reading, Refused, Taken, yes_or_no
from bot.core.folding import digits, fold
from bot.core.known import Known
from bot.core.places import Place
from bot.core.text import Ltr, Text, Value, t

_QUOTED = 60
_REGION = "MA"
_NO_NAME = frozenset({"yes", "no", "done", "submit", "dont_know", "no_value", "continue"})
_KINDS = frozenset(fold(kind) for kind in ("جمعية", "الجمعية", "مركز", "المركز", "association", "centre", "le centre"))
"""What a body is and not what it is called."""
_DOMAINS = (
    *("gmail.com", "yahoo.fr", "yahoo.com", "hotmail.com", "hotmail.fr", "outlook.com", "outlook.fr"),
    *("live.fr", "live.com", "icloud.com", "menara.ma", "iam.ma"),
)
_AT = re.compile(r"\s*(?:@|\(at\)|\[at\]|\barobase\b|\bآروباز\b)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameRules:
    """Lengths in characters and what to say when they are not met; `like_contact` when it is a phone or an e-mail."""

    least: int
    most: int
    short: Text
    long: Text
    like_contact: Text


def name_reader(rules: NameRules, *, confirm: Callable[[str, Answers], Text | None] | None = None) -> Reader:
    """A reader of names of bodies. `confirm` may return a question to ask back before the name is taken."""

    def read(typed: str, answers: Answers, known: Known) -> Reading:
        name = one_line(typed)
        if "@" in name or _mostly_digits(name):
            return Refused(rules.like_contact)
        says_nothing = known.words.intent(name) in _NO_NAME or fold(name) in _KINDS
        if len(name) < rules.least or not _has_letters(name, 2) or says_nothing:
            return Refused(rules.short(value=shorten(name, _QUOTED)))
        if len(name) > rules.most:
            return Refused(rules.long(max=rules.most))
        question = confirm(name, answers) if confirm else None
        taken = Answer(name, typed)
        return Doubt(question, yes_or_no(taken)) if question else Taken(taken)

    return read


def person_name_reader(most: int) -> Reader:
    """First name and family name, in letters."""

    def read(typed: str, _: Answers, known: Known) -> Reading:
        name = one_line(typed)
        if any(letter.isdigit() for letter in name):
            return Refused(
                t(
                    "The name contains digits. Write the first name and the family name in letters; the phone number is"
                    " asked separately."
                )
            )
        words = [word for word in name.split() if _has_letters(word, 1)]
        if len(words) < 2 or known.words.intent(name):
            return Refused(t("Only one word was received. Write the first name and the family name."))
        return Refused(TOO_LONG_A_NAME(max=most)) if len(name) > most else Taken(Answer(name, typed))

    return read


TOO_LONG_A_NAME = t(
    "The name is too long (limit: {max} characters). Write only the first name and the family name, without titles."
)


def free_text_reader(least: int, most: int, short: Text, long: Text) -> Reader:
    def read(typed: str, _: Answers, known: Known) -> Reading:
        if len(typed) < least or not _has_letters(typed, 2) or known.words.intent(typed) in _NO_NAME:
            return Refused(short(min=least))
        if len(typed) > most:
            return Refused(long(max=most, count=len(typed)))
        return Taken(Answer(typed, typed))

    return read


def phone(typed: str, _: Answers, __: Known) -> Reading:
    """One number, kept in E.164. Landlines and foreign numbers are asked back about, two numbers too."""
    text = digits(typed)
    if len(text) > _LONGEST_WITH_A_NUMBER:
        return Refused(_TOO_LONG)
    if not re.search(r"\d", text):
        return Refused(t("No number was found in your answer. Write the phone number in digits."))
    several = _numbers_in(text)
    if len(several) > 1:
        options = tuple(Option(Text("{phone}")(phone=show_phone_number(each)), Answer(each, typed)) for each in several[:3])
        return Doubt(t("Your message contains more than one number. Which one should we keep?"), options)
    try:
        number = phonenumbers.parse(several[0] if several else re.sub(r"[^\d+]", "", text), _REGION)
    except phonenumbers.NumberParseException as error:
        return Refused(_PARSE_FAULTS.get(error.error_type, _UNKNOWN_PREFIX))
    if not phonenumbers.is_valid_number(number):
        return Refused(_LENGTH_FAULTS.get(phonenumbers.is_possible_number_with_reason(number), _UNKNOWN_PREFIX))
    return _phone_taken(number, typed)


_LONGEST_WITH_A_NUMBER = 300
"""Characters: looking for numbers in a text takes longer than its length, and everybody else waits."""
_TOO_SHORT = t(
    "Some digits are missing from this number. A Moroccan number has 10 digits and starts with 05, 06, 07 or 08. Write it"
    " in full."
)
_TOO_LONG = t("There are too many digits in this number. Write one number only, with 10 digits.")
_UNKNOWN_PREFIX = t("This number does not exist in the Moroccan numbering plan. Check the first digits and write it again.")
_PARSE_FAULTS = {
    phonenumbers.NumberParseException.TOO_SHORT_NSN: _TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: _TOO_SHORT,
    phonenumbers.NumberParseException.NOT_A_NUMBER: _TOO_SHORT,
    phonenumbers.NumberParseException.TOO_LONG: _TOO_LONG,
}
_LENGTH_FAULTS = {
    phonenumbers.ValidationResult.TOO_SHORT: _TOO_SHORT,
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _TOO_SHORT,
    phonenumbers.ValidationResult.TOO_LONG: _TOO_LONG,
}


def _numbers_in(text: str) -> list[str]:
    found = (match.number for match in phonenumbers.PhoneNumberMatcher(text, _REGION))
    return list(dict.fromkeys(phonenumbers.format_number(n, phonenumbers.PhoneNumberFormat.E164) for n in found))


def _phone_taken(number: phonenumbers.PhoneNumber, typed: str) -> Reading:
    taken = Answer(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), typed)
    shown = show_phone_number(taken.value or "")
    if number.country_code != phonenumbers.country_code_for_region(_REGION):
        return Doubt(t("This number is outside Morocco: {phone}. Should we keep it?")(phone=shown), yes_or_no(taken))
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE:
        options = (
            Option(t("Keep as it is"), taken, frozenset({"yes", "submit"})),
            Option(t("Another number"), None, frozenset({"no", "edit"})),
        )
        ask = t("This is a landline: {phone}. It cannot receive messages. Keep it, or give a mobile number?")
        return Doubt(ask(phone=shown), options)
    return Taken(taken)


@lru_cache(maxsize=256)
def show_phone_number(e164: str) -> Ltr:
    """«06 00 00 00 01» for a Moroccan number, international for others."""
    number = phonenumbers.parse(e164)
    national = number.country_code == phonenumbers.country_code_for_region(_REGION)
    form = phonenumbers.PhoneNumberFormat
    return Ltr(phonenumbers.format_number(number, form.NATIONAL if national else form.INTERNATIONAL))


def shared_phone(number: str) -> str | None:
    """The E.164 form of a number that a channel vouches for; None when it is not a number."""
    try:
        parsed = phonenumbers.parse(number if number.startswith("+") else f"+{number}")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def email(typed: str, _: Answers, __: Known) -> Reading:
    """One address. What we had to mend is read back; a domain that looks mistyped is asked back about."""
    mended = re.sub(r"\s*\.\s*", ".", _AT.sub("@", digits(one_line(typed)))).strip(".,;:،؛<>«»\"'()").removeprefix("mailto:")
    if len(said := mended.split()) > 2 and len(found := [word for word in said if "@" in word]) == 1:
        mended = found[0].strip(".,;:،؛<>«»\"'()")
    if "@" not in mended:
        return Refused(t("The “@” sign is missing from this address. Write the address in full."))
    local, _at, domain = mended.rpartition("@")
    if not local or not domain or "." not in domain.strip("."):
        return Refused(t("The end of the address is missing, after “@”. Write the address in full."))
    try:
        address = validate_email(mended, check_deliverability=False).normalized
    except EmailNotValidError:
        return Refused(
            t(
                "This address contains a character or a space that is not used in e-mail addresses. Write it again without"
                " spaces."
            )
        )
    taken = Answer(address, typed)
    if (likely := _likely_domain(address)) is not None:
        return _mistyped(address, likely, typed)
    if mended.casefold() != typed.casefold():
        return Doubt(t("Your address: {email}. Is every letter right?")(email=Ltr(address)), yes_or_no(taken))
    return Taken(taken)


def _likely_domain(address: str) -> str | None:
    domain = address.rpartition("@")[2].casefold()
    if domain in _DOMAINS:
        return None
    near = sorted((DamerauLevenshtein.distance(domain, likely), likely) for likely in _DOMAINS)
    return near[0][1] if near[0][0] == 1 or (near[0][0] == 2 and len(domain) > 8) else None


def _mistyped(address: str, likely: str, typed: str) -> Doubt:
    suggestion = f"{address.rpartition('@')[0]}@{likely}"
    options = (
        Option(t("Yes"), Answer(suggestion, typed), frozenset({"yes", "submit"})),
        Option(t("Keep as it is"), Answer(address, typed), frozenset({"no"})),
    )
    return Doubt(t("Did you mean to write {suggestion}?")(suggestion=Ltr(suggestion)), options)


def city(typed: str, _: Answers, known: Known) -> Reading:
    """A commune's code; or, when no list knows it and the person insists, the words alone."""
    words = one_line(typed)
    if not _has_letters(words, 2):
        return Refused(
            t("“{value}” is too short for a place name. Write the name of the city or commune.")(
                value=shorten(words, _QUOTED)
            )
        )
    if len(words) > _MOST_CITY:
        return Refused(
            t("The name is too long (limit: {max} characters). Write only the name of the city or commune.")(max=_MOST_CITY)
        )
    found = known.places.find(words)
    if len(found.exact) == 1:
        return Taken(Answer(found.exact[0].code, typed))
    if found.exact:
        return _which_place(found.exact, typed)
    if len(found.near) == 1:
        ask = t("Did you mean {suggestion}?")(suggestion=found.near[0].name)
        return Doubt(ask, yes_or_no(Answer(found.near[0].code, typed)), failed=True)
    if found.near:
        return _which_place(found.near, typed)
    ask = t("We did not find “{value}” in the list of communes. Keep it as you wrote it?")(value=shorten(words, _QUOTED))
    return Doubt(ask, yes_or_no(Answer(None, typed)), failed=True)


_MOST_CITY = 80


def _which_place(places: Sequence[Place], typed: str) -> Doubt:
    options = tuple(Option(place_in_province(place), Answer(place.code, typed)) for place in places)
    none = Option(t("None of these"), None, frozenset({"no"}))
    return Doubt(t("Several places have a similar name. Choose yours:"), (*options, none))


def place_in_province(place: Place) -> Text:
    return t("{city} ({province})")(city=place.name, province=place.province)


def show_city(answer: Answer, known: Known) -> Value:
    """The commune, with its province where others have the same name."""
    place = known.places.by_code.get(answer.value or "")
    if place is None:
        return one_line(answer.typed or "")
    return place.name if known.places.is_only(place) else place_in_province(place)


def show_phone(answer: Answer, _: Known) -> Value:
    return show_phone_number(answer.value) if answer.value else ""


def show_email(answer: Answer, _: Known) -> Value:
    return Ltr(answer.value) if answer.value else ""


def same_name(one: str, other: str) -> bool:
    """The same person's name however it is spelled or ordered, with or without a title."""
    return _bare_name(one) == _bare_name(other)


def _bare_name(name: str) -> list[str]:
    words = sorted(fold(name).split())
    return [word for word in words if word not in _TITLES] or words


_TITLES = frozenset(
    fold(title)
    for title in (
        *("السيد", "السيدة", "سيدي", "سي", "لالة", "الحاج", "الحاجة", "الأستاذ", "الأستاذة", "الدكتور", "الدكتورة"),
        *("M", "Mr", "Mme", "Mlle", "Monsieur", "Madame", "Dr", "Pr", "Hadj", "Hadja"),
    )
)


def _has_letters(text: str, least: int) -> bool:
    return sum(letter.isalpha() for letter in text) >= least


def _mostly_digits(text: str) -> bool:
    return sum(letter.isdigit() for letter in text) > max(5, sum(letter.isalpha() for letter in text))
