"""Telling people what they did not just ask for: each in his or her language, at the address used last, at a fit hour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.actions.desktop import LEASE, Desktop
from bot.core.known import Known
from bot.core.messages import Message, Outgoing
from bot.core.seals import Seals
from bot.core.text import Speech
from storage import outbox, people
from storage.outbox import Owed

Say = Callable[[Known], Outgoing]


def told(outgoing: Outgoing, speech: Speech, seals: Seals, owner: str) -> Message:
    """The message in its reader's language, every button sealed for its owner."""
    labels = ((speech.tell(button.label), button) for button in outgoing.buttons)
    return Message(
        text=speech.tell(outgoing.text),
        buttons=tuple(
            (f"{button.number}. {label}" if button.number else label, seals.seal(button.payload, owner=owner))
            for label, button in labels
        ),
        share_phone=speech.tell(outgoing.share_phone) if outgoing.share_phone else None,
        drop_keyboard=outgoing.drop_keyboard,
        box=outgoing.box,
        refused=outgoing.refused,
        file=outgoing.file,
        once=outgoing.once,
        commands=tuple((name, speech.tell(text)) for name, text in outgoing.commands)
        if outgoing.commands is not None
        else None,
    )


async def notify(
    connection: AsyncConnection,
    persons: Sequence[int],
    say: Say,
    desktop: Desktop,
    *,
    now: datetime,
    lane: int = outbox.CONVERSATION,
) -> list[Owed]:
    """Owe each person what `say` makes of the reader's surroundings. Service messages: they leave at once by day and wait
    for the morning in quiet hours; what a page shows waits for nobody. Somebody without an address is told nothing."""
    owed, due = [], {}
    leaves = desktop.setup.fit_hour(now)
    for reach in await people.reach(connection, persons):
        known = desktop.setup.known(language=reach.language, channel=reach.channel, now=now)
        message = told(say(known), known.speech, desktop.seals, str(reach.person))
        one = outbox.owed(reach.channel, reach.external_id, message, leased=False)
        owed.append(one)
        due[one.id] = now if reach.channel in desktop.pages else leaves
    for moment in set(due.values()):
        batch = [one for one in owed if due[one.id] == moment]
        await outbox.owe(connection, batch, now=now, due=moment, sender=desktop.sender, lease=LEASE, lane=lane)
    return [one for one in owed if due[one.id] <= now]
