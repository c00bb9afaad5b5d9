"""A conversation without database or channel: values in, values out, as routing and engine see them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.core.flow import Answer, State
from bot.core.messages import Attached, Content, Kind, Outgoing, Pressed, Shared, Typed
from bot.flows import moves, routing, signup
from bot.flows.effects import Effect, Erase, OpenDraft
from bot.flows.standing import Outcome, Request, Standing, Talk
from tests.bot.core.setting import NOW, SETUP, known, told


@dataclass
class Chat:
    channel: str = "telegram"
    language: str = "ar"
    talk: Talk = field(default_factory=Talk)
    new: bool = True
    effects: list[Effect] = field(default_factory=list)
    replies: tuple[Outgoing, ...] = ()
    request: Request | None = None
    drafts: int = 0

    def says(self, text: str) -> list[str]:
        return self._take(Typed(text))

    def presses(self, payload: str) -> list[str]:
        return self._take(Pressed(payload))

    def taps(self, value: str) -> list[str]:
        """Press a button of the open question by its value."""
        assert self.top is not None
        return self.presses(f"{self.top.flow}:{self.top.step}:{value}")

    def attaches(self, kind: Kind) -> list[str]:
        return self._take(Attached(kind))

    def shares(self, phone: str, *, own: bool = True) -> list[str]:
        return self._take(Shared(phone, own))

    @property
    def top(self) -> State | None:
        return self.talk.top

    @property
    def draft(self) -> State | None:
        return self.talk.draft(signup.NAME)

    @property
    def answers(self) -> dict[str, Answer]:
        return self.draft.answers if self.draft else {}

    @property
    def payloads(self) -> list[str]:
        return [button.payload for reply in self.replies for button in reply.buttons]

    def _take(self, content: Content) -> list[str]:
        surroundings = replace(
            known(self.channel, self.language),
            keyboard_up=self.talk.keyboard_up,
            loaded={"request": self.request, "held": []},
        )
        standing = Standing(1, self.channel, self.language, "unasked", moves.renewed(self.talk), self.new)
        aim = routing.aim(standing, content, surroundings)
        outcome = routing.act(standing, aim, surroundings)
        self._apply(outcome)
        return [told(reply.text, self.language) for reply in outcome.replies]

    def _apply(self, outcome: Outcome) -> None:
        self.new = False
        self.talk = outcome.talk
        self.language = outcome.language or self.language
        self.replies = outcome.replies
        self.effects += outcome.effects
        for effect in outcome.effects:
            if isinstance(effect, OpenDraft):
                self.drafts += 1
                stack = tuple(replace(s, subject=self.drafts) if s.flow == signup.NAME else s for s in self.talk.stack)
                self.talk = replace(self.talk, stack=stack)
            if isinstance(effect, Erase):
                self.talk = Talk()


def agreed(channel: str = "telegram") -> Chat:
    """At question 1."""
    chat = Chat(channel)
    chat.says("سلام")
    chat.says("أوافق")
    return chat


GOOD = {
    "association": "جمعية أمل للتنمية",
    "centre": "مركز الأمل للنساء",
    "category": "2",
    "category_other": "أطفال مرضى",
    "president": "فاطمة العلوي",
    "phone": "0600000001",
    "email": "fatima@example.com",
    "city": "الصويرة",
}


def answered_up_to(key: str, channel: str = "telegram") -> Chat:
    """Asked this question of the sign-up, everything before it answered well."""
    chat = agreed(channel)
    for question, typed in GOOD.items():
        if chat.draft is not None and chat.draft.question == key:
            return chat
        if question != "category_other":
            chat.says(typed)
    if key != "review":
        chat.says("نعم")
    return chat


__all__ = ["GOOD", "NOW", "SETUP", "Chat", "agreed", "answered_up_to"]
