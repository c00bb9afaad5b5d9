"""Sentences that have not met their reader yet, and the speech that tells them in one language.

Values are isolated here and nowhere else, so that a phone number keeps its order inside an Arabic sentence.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.bidi import isolate, isolate_ltr


@dataclass(frozen=True, slots=True)
class Ltr:
    """A value read left to right whatever surrounds it: phone, e-mail, link, reference, time, command."""

    value: str


@dataclass(frozen=True, slots=True)
class Named:
    """A proper name that exists in both languages, such as a commune."""

    ar: str
    fr: str


@dataclass(frozen=True, slots=True)
class AsTold:
    """Words that were told already, in whatever language, with their isolates: shown as they are."""

    value: str


@dataclass(frozen=True, slots=True)
class Text:
    """A whole sentence in its source language (English), with its values; `plural` and `count` go together."""

    source: str
    values: Mapping[str, Value] = field(default_factory=dict)
    plural: str | None = None
    count: int = 0

    def __call__(self, **values: Value) -> Text:
        return Text(self.source, {**self.values, **values}, self.plural, self.count)


@dataclass(frozen=True, slots=True)
class Joined:
    """Texts said one after the other: lines of one paragraph, or paragraphs of one message."""

    parts: tuple[Sayable, ...]
    glue: str


Sayable: TypeAlias = Text | Joined
Value: TypeAlias = str | int | Ltr | Named | AsTold | Text | Joined


def t(source: str) -> Text:
    """Mark a sentence for the catalogue."""
    return Text(source)


def n(singular: str, plural: str, count: int) -> Text:
    """Mark a counted sentence for the catalogue; both forms hold `{n}`."""
    return Text(singular, {"n": count}, plural, count)


def lines(*parts: Sayable | None) -> Joined:
    return Joined(tuple(part for part in parts if part is not None), "\n")


def paragraphs(*parts: Sayable | None) -> Joined:
    return Joined(tuple(part for part in parts if part is not None), "\n\n")


@dataclass(frozen=True, slots=True)
class Speech:
    """Tells texts in one language. `facts` fill the placeholders that every sentence may use, such as the contact phone."""

    language: str
    catalogue: gettext.NullTranslations
    facts: Mapping[str, Value] = field(default_factory=dict)
    _constant: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def tell(self, text: Sayable) -> str:
        """The sentence in the reader's language. A placeholder without value is a bug: KeyError."""
        if isinstance(text, Joined):
            return text.glue.join([told for part in text.parts if (told := self.tell(part))])
        if text.plural is None and not text.values:
            constant = self._constant.get(text.source)
            if constant is None:
                constant = self._constant[text.source] = self._filled(self.catalogue.gettext(text.source), {})
            return constant
        if text.plural is None:
            return self._filled(self.catalogue.gettext(text.source), text.values)
        return self._filled(self.catalogue.ngettext(text.source, text.plural, text.count), text.values)

    def _filled(self, sentence: str, values: Mapping[str, Value]) -> str:
        return sentence.format_map(_Told(self, values)) if "{" in sentence else sentence

    def show(self, value: Value) -> str:
        """One value as it stands inside a sentence, isolated unless it is a number or a sentence of ours."""
        match value:
            case str():
                return isolate(value)
            case Ltr():
                return isolate_ltr(value.value)
            case Named():
                return isolate(value.fr if self.language == "fr" else value.ar)
            case int():
                return str(value)
            case AsTold():
                return value.value
            case _:
                return self.tell(value)


class _Told(dict[str, str]):
    """The values of one sentence, told when asked for: its own first, then the facts."""

    def __init__(self, speech: Speech, values: Mapping[str, Value]) -> None:
        super().__init__()
        self._speech = speech
        self._values = values

    def __missing__(self, name: str) -> str:
        value = self._values[name] if name in self._values else self._speech.facts[name]
        return self._speech.show(value)
