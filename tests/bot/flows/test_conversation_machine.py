"""Any sequence of answers, back, skip, edit, language changes, presses and attachments: never stuck, nothing lost."""

from __future__ import annotations

from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.core.messages import Kind
from bot.flows.declared import FLOWS
from bot.flows.effects import Submit
from bot.flows.signup import SIGNUP
from tests.bot.flows.chat import GOOD, SETUP, Chat

WORDS = st.sampled_from(
    [
        "رجوع",
        "تخطي",
        "تعديل",
        "مساعدة",
        "متابعة",
        "لاحقا",
        "القائمة",
        "وضعية الطلب",
        "السلام عليكم",
        "شكرا",
        "معرفتش",
        "بدء",
        "/start",
        "/help",
        "/privacy",
        "/mydata",
        "/nothing",
        "ما عنديش",
        "توقف",
        "استئناف",
        "english",
        "meeting",
        "نعم",
        "لا",
        "إلغاء",
        "طلب مكالمة",
        "/contact",
        "اللغة",
    ]
)
ANSWERS = st.one_of(
    st.sampled_from([*GOOD.values(), "10", "كازا", "0524000001", "سيدي بوبكر", "ouarzazat", "brahim@gmial.com", "5", "١"]),
    st.text(max_size=40),
)
SHORT = {
    "call": "0600000001",
    "contact": "رجوع",
    "language": "العربية",
    **dict.fromkeys(("optin", "cancel", "erase"), "لا"),
}
KINDS: list[Kind] = ["voice", "sticker", "photo", "file", "location", "other"]


class Conversation(RuleBasedStateMachine):
    @initialize(channel=st.sampled_from(["telegram", "web"]))
    def begins(self, channel: str) -> None:
        self.chat = Chat(channel)
        self.chat.says("سلام")
        self.chat.says("أوافق")
        self.kept: dict[str, Any] = {}

    @rule(text=ANSWERS)
    def answers(self, text: str) -> None:
        self._act(lambda: self.chat.says(text))

    @rule(word=WORDS)
    def says_a_word(self, word: str) -> None:
        self._act(lambda: self.chat.says(word))

    @rule(language=st.sampled_from(["français", "العربية"]))
    def changes_language(self, language: str) -> None:
        before = dict(self.chat.answers)
        self._act(lambda: self.chat.says(language))
        if self.chat.draft is not None:
            assert self.chat.answers == before

    @rule(data=st.data())
    def presses_a_button(self, data: st.DataObject) -> None:
        payloads = [p for p in self.chat.payloads if "erase" not in p]
        if payloads:
            payload = data.draw(st.sampled_from(payloads))
            self._act(lambda: self.chat.presses(payload))

    @rule(payload=st.text(max_size=60))
    def presses_a_forged_button(self, payload: str) -> None:
        before = self.chat.talk.stack
        self.chat.presses(payload)
        assert self.chat.talk.stack == before

    @rule(kind=st.sampled_from(KINDS))
    def attaches(self, kind: Kind) -> None:
        before = dict(self.chat.answers)
        self._act(lambda: self.chat.attaches(kind))
        assert self.chat.answers == before

    @rule(phone=st.sampled_from(["212600000009", "", "abc"]), own=st.booleans())
    def shares_a_number(self, phone: str, own: bool) -> None:
        self._act(lambda: self.chat.shares(phone, own=own))

    @precondition(lambda self: self.chat.draft is not None)
    @rule()
    def can_always_finish(self) -> None:
        """From wherever this is, a person who answers well gets a reference in a few messages."""
        saved, effects = self.chat.talk, list(self.chat.effects)
        language = self.chat.language
        for _ in range(30):
            if any(isinstance(effect, Submit) for effect in self.chat.effects[len(effects) :]):
                break
            self._answer_well()
        else:
            raise AssertionError(f"stuck at {saved}")
        self.chat.talk, self.chat.effects, self.chat.language = saved, effects, language
        self.chat.replies = ()

    def _answer_well(self) -> None:
        state = self.chat.top
        if state is None or state.flow != SIGNUP.name:
            self.chat.says(SHORT[state.flow] if state else "بدء")
        elif state.choosing:
            self.chat.says("رجوع")
        elif state.doubt is not None and state.question != "signature":
            self.chat.says("1")
        elif state.question in ("consent", "review"):
            self.chat.says("نعم")
        elif state.question == "signature":
            self.chat.says(state.answers["president"].value or "")
        elif state.question == "signer_role":
            self.chat.says("الكاتب العام")
        else:
            self.chat.says(GOOD[state.question])

    def _act(self, step: Any) -> None:
        draft_before = self.chat.draft
        step()
        draft = self.chat.draft
        if draft_before is None or draft is None:
            self.kept = dict(draft.answers) if draft else {}
            return
        lost = set(draft_before.answers) - set(draft.answers)
        assert lost <= {"category_other", "signer_role"}, lost
        changed = {k for k in draft.answers if draft_before.answers.get(k) != draft.answers[k]}
        assert len(changed) <= 1, changed

    @invariant()
    def is_never_silent_nor_inconsistent(self) -> None:
        talk = self.chat.talk
        assert len(talk.stack) <= 2
        assert len({state.flow for state in talk.stack}) == len(talk.stack)
        for state in talk.stack:
            flow = FLOWS[state.flow]
            question = flow.question(state.question)
            assert question is not None
            assert question.when(state.answers)
            assert state.step <= talk.counter
            assert all(key in {q.key for q in flow.applicable(state.answers)} for key in state.answers)

    @invariant()
    def fits_every_channel(self) -> None:
        """With buttons, no message is longer than the narrowest channel takes."""
        for reply in self.chat.replies:
            if reply.buttons:
                told_text = SETUP.speech(self.chat.language, self.chat.channel).tell(reply.text)
                assert len(told_text.encode("utf-16-le")) // 2 <= 1024, told_text

    @invariant()
    def counts_right(self) -> None:
        """The number shown is the question's own, and the total never jumps."""
        state = self.chat.top
        for reply in self.chat.replies:
            text = reply.text
            for part in getattr(text, "parts", (text,)):
                for line in getattr(part, "parts", (part,)):
                    if getattr(line, "source", "") == "Question {n} of {total}":
                        assert state is not None
                        question = SIGNUP.question(state.question)
                        assert question is not None
                        assert line.values == {"n": SIGNUP.number(question), "total": 8}


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
