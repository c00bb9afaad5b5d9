"""Who on the committee may do what: three roles, each holding what the one before it may do, and a category to keep to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["viewer", "coordinator", "owner"]
ROLES: tuple[Role, ...] = ("viewer", "coordinator", "owner")


@dataclass(frozen=True, slots=True)
class Coordinator:
    """A member of the committee. `category` None: all of them. A suspended one (`active` False) may do nothing."""

    id: int
    name: str
    role: Role
    category: str | None = None
    active: bool = True

    @property
    def rank(self) -> tuple[bool, int, bool]:
        """Grows with what somebody may do."""
        return self.active, ROLES.index(self.role), self.category is None


def may(coordinator: Coordinator | None, role: str) -> bool:
    """May somebody do what this role is needed for? A role that is none: ValueError."""
    return coordinator is not None and coordinator.active and ROLES.index(coordinator.role) >= ROLES.index(role_named(role))


def role_named(name: str) -> Role:
    """A role that is none: ValueError."""
    for role in ROLES:
        if role == name:
            return role
    raise ValueError(f"no role is called {name!r}")


def in_scope(coordinator: Coordinator, category: str | None) -> bool:
    """Is something of this category (None: of none in particular) the coordinator's business?"""
    return coordinator.category is None or category is None or category == coordinator.category
