"""Which applications a coordinator may see: those whose category is in scope. A draft has none yet but what its conversation
has answered so far; one without an answer is seen only by those who may see everything."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables import conversations, signups


def in_scope(categories: frozenset[str] | None) -> sa.ColumnElement[bool]:
    """Sent applications of these categories; None: all."""
    return sa.true() if categories is None else signups.c.category.in_(sorted(categories))


def application_in_scope(categories: frozenset[str], *, engine: str) -> sa.ColumnElement[bool]:
    """Applications of these categories, drafts among them, where the conversations of drafts are joined."""
    return sa.case(
        (signups.c.status == "draft", draft_in_scope(categories, engine=engine)),
        else_=in_scope(categories),
    )


def draft_in_scope(categories: frozenset[str] | None, *, engine: str) -> sa.ColumnElement[bool]:
    """Drafts of these categories, where the conversation is joined; None: all. `engine` is the dialect's name."""
    if categories is None:
        return sa.true()
    return _of_draft("answers", "category", "value", engine=engine).in_(sorted(categories))


def draft_question(*, engine: str) -> sa.ColumnElement[str]:
    """The question that the open sign-up is at; null when none is open."""
    at_bottom = conversations.c.flow == "signup"
    return sa.case((at_bottom, conversations.c.question), else_=_of_draft("question", engine=engine))


def _of_draft(*path: str, engine: str) -> sa.ColumnElement[str]:
    """A value of the open sign-up: the oldest of what is open, or the one on top of it."""
    talk = conversations.c.talk
    stored = sa.cast(talk, sa.JSON) if engine == "postgresql" else sa.type_coerce(talk, sa.JSON)
    oldest, newer = (stored[("stack", place, *path)].as_string() for place in (0, 1))
    return sa.case((conversations.c.flow == "signup", oldest), else_=newer)
