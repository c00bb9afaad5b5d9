"""The people of the journeys and what they answer. All invented."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.fakes.people import Person, Reply


@dataclass(frozen=True, slots=True)
class Form:
    """The eight answers in the order they are asked, as typed."""

    association: str
    centre: str
    category: str
    president: str
    phone: str
    email: str
    city: str
    signature: str


FATIMA = Form(
    "جمعية أمل للتنمية والتضامن",
    "مركز الأمل للنساء",
    "٢",
    "فاطمة العلوي",
    "0600000001",
    "ما عنديش",
    "الصويره",
    "فاطمه العلوي",
)
BRAHIM = Form(
    "جمعية دار الطالب النور",
    "دار الطالب النور",
    "5",
    "إبراهيم أيت علي",
    "٠٦ ٠٠ ٠٠ ٠٠ ٠٢",
    "brahim@example.com",
    "تارودانت",
    "إبراهيم أيت علي",
)
NAIMA = Form(
    "Association Espoir",
    "Centre Espoir",
    "3",
    "Naïma Berrada",
    "06 00 00 00 06",
    "naima@example.org",
    "Rabat",
    "Naïma Berrada",
)


async def agrees(person: Person) -> list[Reply]:
    """From the first word to question 1."""
    await person.says("السلام عليكم")
    return await person.says("واخا")


async def answers_up_to(person: Person, form: Form, key: str) -> list[Reply]:
    """From the first word until this question is asked; `review` is the check of the answers."""
    replies = await agrees(person)
    for field in fields(form):
        if field.name == key or (field.name == "signature" and key == "review"):
            return replies
        if field.name == "signature":
            replies = await person.presses("كل شيء صحيح")
            if key == "sign":
                return replies
        replies = await person.says(getattr(form, field.name))
    return replies
