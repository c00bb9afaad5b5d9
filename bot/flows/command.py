"""What may be asked for at any time, as a value; and the buttons that ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.core.known import Known
from bot.core.messages import Button
from bot.core.text import Text, t
from bot.flows.standing import Outcome, Standing
from bot.rules.permissions import Coordinator, Role

Act = Callable[[Standing, Known], Outcome]


@dataclass(frozen=True, slots=True)
class Command:
    """`intents` are the words of bot.core.words that mean it; `describe` is its line in the channel's menu (None: it is
    answered but not listed there); `needs` is what the turn must load for it.

    With a `role`, only members of the committee who have it (or a higher one) are answered. `about` says that its button
    carries the id of what it is about, which `act` finds in `standing.subject`.
    """

    name: str
    act: Act
    intents: frozenset[str] = frozenset()
    describe: Text | None = None
    needs: frozenset[str] = frozenset()
    role: Role | None = None
    about: bool = False


def go(name: str, label: Text, subject: int | None = None) -> Button:
    """A button that runs a command, about a certain row where `subject` is its id."""
    return Button(label, f"go:{subject if subject is not None else ''}:{name}")


AREA = go("coordination", t("Coordination area"))


def coordinator_in(known: Known) -> Coordinator | None:
    """The committee's member who is speaking, where the turn looked for one; None for everybody else."""
    found: Any = known.loaded.get("coordinator")
    return found if isinstance(found, Coordinator) else None


def speaker(known: Known) -> Coordinator:
    """The committee's member who is speaking. Only commands and flows with a role may ask: nobody there is a bug."""
    coordinator = coordinator_in(known)
    if coordinator is None:
        raise LookupError("nobody of the committee is speaking")
    return coordinator


def about(standing: Standing, subject: int | None) -> Standing:
    return standing if standing.subject == subject else replace(standing, subject=subject)
