"""Whom an announcement is for: a union of parts, as the coordinator chose them, kept to the coordinator's business."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

KINDS = ("all", "category", "region", "commune", "language", "status")
"""`region` and `commune` by their census code, `status` that of the application; `all` alone has no value."""


@dataclass(frozen=True, slots=True)
class Part:
    """A kind that is none, or a value that is missing or too much: ValueError."""

    kind: str
    value: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS or (self.value is None) != (self.kind == "all"):
            raise ValueError(f"no part of an audience is {self.kind!r} with {self.value!r}")


@dataclass(frozen=True, slots=True)
class Audience:
    """Whoever is in one of the parts is in, once. Without parts it is nobody."""

    parts: tuple[Part, ...]

    def __or__(self, other: Audience) -> Audience:
        """Whoever is in one or the other; a part that both have is kept once."""
        return Audience(tuple(dict.fromkeys((*self.parts, *other.parts))))

    def within(self, category: str | None) -> Audience:
        """What may be chosen by somebody who keeps to this category (None: to none): another category holds nobody of
        theirs, and their own holds everybody. Whoever the other parts reach outside of it is left out where people are
        looked for."""
        if category is None:
            return self
        kept = (Part("all") if part == Part("category", category) else part for part in self.parts)
        return Audience(tuple(dict.fromkeys(part for part in kept if part.kind != "category")))

    def to_json(self) -> str:
        return json.dumps({"parts": [[part.kind, part.value] for part in self.parts]}, ensure_ascii=False)

    @classmethod
    def from_json(cls, written: str) -> Audience:
        """What is not an audience: ValueError."""
        try:
            return cls.of(Part(kind, value) for kind, value in json.loads(written)["parts"])
        except (KeyError, TypeError) as error:
            raise ValueError("this is not an audience") from error

    @classmethod
    def of(cls, parts: Iterable[Part]) -> Audience:
        return cls(tuple(dict.fromkeys(parts)))
