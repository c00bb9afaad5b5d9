"""Whom an announcement is for: a union of groups, each person counted once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["all", "category", "region", "commune", "language", "status"]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Part:
    """One group. `value`: a category's key, the code of a region or commune, a language, the status of a request; None of
    `all`. But for `status`, only members whose request was accepted are meant."""

    kind: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Audience:
    parts: tuple[Part, ...]

    def as_text(self) -> str:
        """As JSON that `of_text` reads back."""
        return json.dumps([[part.kind, part.value] for part in self.parts])

    @classmethod
    def of_text(cls, text: str) -> Audience:
        """ValueError: not an audience of ours."""
        parts = tuple(Part(kind, value) for kind, value in json.loads(text))
        if unknown := {part.kind for part in parts} - set(KINDS):
            raise ValueError(f"no such audience: {', '.join(sorted(unknown))}")
        return cls(parts)
