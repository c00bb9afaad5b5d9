"""Every flow, command and standing button by name: help, menus, docs and tests walk it."""

from __future__ import annotations

from bot.core.flow import Flow
from bot.core.messages import Button
from bot.flows import commands, declared, moves
from bot.flows.commands import Command

FLOWS: dict[str, Flow] = declared.FLOWS
COMMANDS: dict[str, Command] = commands.COMMANDS
MENU: tuple[Command, ...] = tuple(command for command in COMMANDS.values() if command.describe)
SERVICES: tuple[Button, ...] = commands.SERVICES
STANDING_BUTTONS: tuple[Button, ...] = (*SERVICES, moves.MENU, moves.CONTINUE)
