"""Every flow, command and standing button by name: help, menus, docs and tests walk it."""

from __future__ import annotations

from bot.core.flow import Flow
from bot.core.messages import Button
from bot.core.text import Text
from bot.flows import commands, declared, moves
from bot.flows.command import Command
from bot.rules.permissions import Coordinator, may

FLOWS: dict[str, Flow] = declared.FLOWS
COMMANDS: dict[str, Command] = commands.COMMANDS
MENU: tuple[Command, ...] = tuple(c for c in COMMANDS.values() if c.describe and c.role is None)


def commands_for(coordinator: Coordinator) -> tuple[tuple[str, Text], ...]:
    """What the channel's list of commands shows this member of the committee: everybody's, then the committee's."""
    mine = [c for c in COMMANDS.values() if c.describe and c.role is not None and may(coordinator, c.role)]
    return tuple((c.name, c.describe) for c in (*MENU, *mine) if c.describe is not None)


SERVICES: tuple[Button, ...] = commands.SERVICES
STANDING_BUTTONS: tuple[Button, ...] = (*SERVICES, moves.MENU, moves.CONTINUE)
