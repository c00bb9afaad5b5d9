"""A coordinator's conversation without database or channel: what a turn would load is given as a function of the audience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.core.messages import Content, Outgoing, Pressed, Typed
from bot.flows import announcements, moves, routing
from bot.flows.announcements import Rendered, Review
from bot.flows.audiences import Reach
from bot.flows.effects import Effect
from bot.flows.standing import Standing, Talk
from bot.rules.audience import Audience
from bot.rules.permissions import Coordinator
from tests.bot.core.setting import NOW, SETUP, told

KHADIJA = Coordinator(3, "خديجة", "coordinator")


@dataclass
class CommitteeChat:
    """`reach` counts an audience; `loaded` is what else there is."""

    reach: Callable[[Audience], Reach]
    coordinator: Coordinator = KHADIJA
    language: str = "ar"
    now: datetime = NOW
    loaded: dict[str, Any] = field(default_factory=dict)
    talk: Talk = field(default_factory=Talk)
    effects: list[Effect] = field(default_factory=list)
    replies: tuple[Outgoing, ...] = ()

    def says(self, text: str) -> list[str]:
        return self._take(Typed(text))

    def presses(self, label: str) -> list[str]:
        for reply in reversed(self.replies):
            for button in reply.buttons:
                if told(button.label, self.language) == label:
                    return self._take(Pressed(button.payload))
        raise AssertionError(f"no button {label!r} in {self.labels}")

    def presses_data(self, payload: str) -> list[str]:
        return self._take(Pressed(payload))

    @property
    def labels(self) -> list[str]:
        return [told(button.label, self.language) for reply in self.replies for button in reply.buttons]

    def _take(self, content: Content) -> list[str]:
        bare = SETUP.known(language=self.language, channel="telegram", now=self.now, chance=lambda: 1234567890)
        standing = Standing(1, "telegram", self.language, "yes", moves.renewed(self.talk))
        aim = routing.aim(standing, content, bare)
        loaded = {"coordinator": self.coordinator, "review": Review(200, others=False), **self.loaded}
        after = routing.act(standing, aim, replace(bare, loaded=loaded)).talk
        audience, texts = announcements.counts_for(after), announcements.drafted(after)
        loaded |= {"reach": self.reach(audience)} if audience else {}
        loaded |= {"rendered": Rendered(f"AR {texts[0]}", f"FR {texts[1]}")} if texts else {}
        known = replace(bare, loaded=loaded)
        outcome = routing.act(standing, routing.aim(standing, content, known), known)
        self.talk, self.replies = outcome.talk, outcome.replies
        self.effects += outcome.effects
        return [told(reply.text, self.language) for reply in outcome.replies]
