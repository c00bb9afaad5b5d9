"""Announcements after they were confirmed: figures that add up, and what can still be done, by whom, in which state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.flows.announced import NOT_YOURS, STATES, Announced, Sums, report, review_asked
from bot.flows.audiences import Reach
from bot.flows.effects import ControlAnnouncement
from bot.rules.audience import Audience, Part
from bot.rules.permissions import Coordinator
from tests.bot.core.setting import KNOWN, NOW, told
from tests.bot.flows.committee_chat import KHADIJA, CommitteeChat

SUMS = Sums(10, 4, 1, {"gone": 1, "refused": 1}, {"opted_out": 2, "stopped": 1}, opted_out=2, unreachable=1, repeats=1)
FOUND = Announced(
    *(7, "إخبار", "sending", NOW, NOW, (KHADIJA.id, KHADIJA.name), "نص", None),
    audience=Audience((Part("category", "older_persons"),)),
    sums=SUMS,
)
HASSAN, YOUSSEF = Coordinator(4, "حسن", "coordinator"), Coordinator(5, "يوسف", "viewer")
NOT_CHANGED = "لم يتغير أي شيء. حالة الإعلان: "


def chat(found: Announced | None, coordinator: Coordinator = KHADIJA) -> CommitteeChat:
    return CommitteeChat(lambda _: Reach(), coordinator, loaded={"announcement": found})


def test_the_card_has_figures_that_add_up_with_reasons_in_plain_words() -> None:
    khadija = chat(FOUND)
    (card,) = khadija.presses_data("go:7:announcement")
    assert card == (
        "«إخبار»: جار الإرسال\n"
        "من طرف: خديجة\n"
        "الجمهور المستهدف: الأشخاص المسنون\n"
        "بداية الإرسال: الاثنين 23 نونبر 2026 على الساعة 10:00\n"
        "\n"
        "عدد المتوصلين: 10\nتم الإرسال: 4\nفي الانتظار: 1\nتعذر الإرسال: 2\nلم يرسل إليهم: 3\n"
        "– حظروا المحادثة أو غادروا القناة: 1\n"
        "– رفضت القناة الرسالة: 1\n"
        "– أوقفوا الإعلانات في هذه الأثناء: 2\n"
        "– تم إيقاف الإرسال قبل دورهم: 1\n"
        "غير معنيين منذ البداية: 3 (لا يرغبون في الإعلانات: 2، يتعذر الوصول إليهم: 1)\n"
        "ربما أرسل مرتين بسبب انقطاع أثناء الإرسال: 1"
    )
    failed, skipped = sum(SUMS.failed.values()), sum(SUMS.skipped.values())
    assert SUMS.targeted == SUMS.sent + SUMS.waiting + failed + skipped


BUTTONS = {
    "waiting": ["إلغاء الإعلان"],
    "scheduled": ["إلغاء الإعلان"],
    "freezing": ["تحديث الأرقام", "توقيف مؤقت", "إيقاف الإرسال"],
    "sending": ["تحديث الأرقام", "توقيف مؤقت", "إيقاف الإرسال"],
    "paused": ["متابعة الإرسال", "إيقاف الإرسال"],
    "stopped": ["إعادة لمن تعذر"],
    "done": ["إعادة لمن تعذر"],
    "cancelled": [],
}


@pytest.mark.parametrize("state", STATES)
def test_the_card_offers_what_can_be_done_in_each_state(state: str) -> None:
    khadija, youssef = chat(replace(FOUND, state=state)), chat(replace(FOUND, state=state), YOUSSEF)
    khadija.presses_data("go:7:announcement")
    assert khadija.labels == [*BUTTONS[state], "الإعلانات", "فضاء التنسيق"]
    youssef.presses_data("go:7:announcement")
    look = ["تحديث الأرقام"] if state in ("freezing", "sending") else []
    assert youssef.labels == [*look, "الإعلانات", "فضاء التنسيق"]


ALLOWED = {
    "pause_sending": ("pause", {"freezing", "sending"}),
    "resume_sending": ("resume", {"paused"}),
    "send_again": ("send_again", {"done", "stopped"}),
    "cancel_sending": ("cancel", {"scheduled", "waiting"}),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("command", ALLOWED)
def test_each_act_is_done_in_its_states_and_changes_nothing_in_the_others(command: str, state: str) -> None:
    khadija = chat(replace(FOUND, state=state))
    (said,) = khadija.presses_data(f"go:7:{command}")
    action, states = ALLOWED[command]
    if state in states:
        assert khadija.effects == [ControlAnnouncement(7, action, by=3)]  # type: ignore[arg-type]
    else:
        assert said.startswith(NOT_CHANGED)
        assert khadija.effects == []


def test_nothing_is_sent_again_where_nothing_failed() -> None:
    khadija = chat(replace(FOUND, state="done", sums=Sums(3, 2, 0, {}, {"opted_out": 1})))
    khadija.presses_data("go:7:announcement")
    assert khadija.labels == ["الإعلانات", "فضاء التنسيق"]
    (said,) = khadija.presses_data("go:7:send_again")
    assert said.startswith(f"{NOT_CHANGED}انتهى إرساله.")
    assert khadija.effects == []


def test_stopping_asks_once_and_tells_exact_numbers() -> None:
    khadija = chat(FOUND)
    (asked,) = khadija.presses_data("go:7:stop_sending")
    assert asked == "هل تؤكدون إيقاف إرسال «إخبار»؟ تم الإرسال إلى حد الآن: 4 من 10. لن يتوصل به الآخرون."
    (left,) = khadija.presses("متابعة الإرسال")
    assert left == "لم يتغير أي شيء."
    assert khadija.effects == []
    khadija.presses("عرض الإعلان")
    khadija.presses("إيقاف الإرسال")
    (stopped,) = khadija.presses("إيقاف الإرسال")
    assert stopped == "تم إيقاف الإرسال. ما تم إرساله: 4. ما لم يتم إرساله: 6."
    assert khadija.effects == [ControlAnnouncement(7, "stop", by=3)]


def test_what_was_finished_while_stopping_was_asked_is_not_stopped() -> None:
    khadija = chat(FOUND)
    khadija.presses_data("go:7:stop_sending")
    khadija.loaded["announcement"] = replace(FOUND, state="done")
    (late,) = khadija.says("نعم")
    assert late == f"{NOT_CHANGED}انتهى إرساله."
    (again,) = khadija.presses_data("go:7:stop_sending")
    assert again.startswith(f"{NOT_CHANGED}انتهى إرساله.")
    assert khadija.effects == []


def test_a_second_coordinator_confirms_or_refuses_and_nobody_their_own() -> None:
    waiting = replace(FOUND, state="waiting")
    khadija, hassan = chat(waiting), chat(waiting, HASSAN)
    for command in ("approve_sending", "refuse_sending"):
        (own,) = khadija.presses_data(f"go:7:{command}")
        assert own == "هذا الإعلان من إعدادكم: يجب أن يؤكده شخص آخر من الفريق."
    assert khadija.effects == []
    hassan.presses_data("go:7:announcement")
    assert hassan.labels == ["تأكيد الإرسال", "عدم الإرسال", "الإعلانات", "فضاء التنسيق"]
    (confirmed,) = hassan.presses("تأكيد الإرسال")
    assert confirmed == "تم التأكيد: يرسل «إخبار» الآن، أو في موعده."
    hassan.presses_data("go:7:refuse_sending")
    assert hassan.effects == [ControlAnnouncement(7, "approve", by=4), ControlAnnouncement(7, "cancel", by=4)]
    hassan.loaded["announcement"] = replace(FOUND, state="sending")
    (late,) = hassan.presses_data("go:7:approve_sending")
    assert late.startswith(NOT_CHANGED)


@pytest.mark.parametrize("command", [*ALLOWED, "announcement", "stop_sending", "approve_sending", "refuse_sending"])
def test_an_announcement_that_is_not_in_scope_is_not_there(command: str) -> None:
    khadija = chat(None)
    (said,) = khadija.presses_data(f"go:9:{command}")
    assert said == told(NOT_YOURS)
    assert khadija.effects == []


def test_the_list_shows_the_newest_with_their_state() -> None:
    khadija = chat(None)
    khadija.loaded["announcements"] = []
    (nothing,) = khadija.says("/announcements")
    assert nothing == "لم يرسل أي إعلان بعد."
    khadija.loaded["announcements"] = [FOUND, replace(FOUND, id=6, title="عنوان طويل جدا لا يسعه زر واحد", state="done")]
    (listed,) = khadija.says("/announcements")
    assert listed.splitlines()[2:4] == [
        "1. «إخبار»، 23 نونبر: جار الإرسال، تم إرسال 4 من 10",
        "2. «عنوان طويل جدا لا يسعه زر واحد»، 23 نونبر: انتهى إرساله، تم إرسال 4 من 10",
    ]
    assert khadija.labels == ["إخبار", "عنوان طويل جدا…", "إعلان جديد", "فضاء التنسيق"]
    youssef = chat(None, YOUSSEF)
    youssef.loaded["announcements"] = [FOUND]
    youssef.says("/announcements")
    assert youssef.labels == ["إخبار", "فضاء التنسيق"]


def test_the_report_says_what_became_of_everybody_and_whom_to_call() -> None:
    said = report(replace(FOUND, state="done"), ["جمعية الأمل", "جمعية النور"], KNOWN)
    text = told(said.text)
    assert text.startswith("تقرير الإعلان «إخبار» ليوم الاثنين 23 نونبر 2026\nعدد المتوصلين: 10\nتم الإرسال: 4\n")
    assert text.endswith(
        "لم نتمكن من الوصول إليهم (2): جمعية الأمل، جمعية النور\nيمكنكم الاتصال بهم هاتفيا أو مراسلتهم بالبريد الإلكتروني."
    )
    assert [told(button.label) for button in said.buttons] == ["إعادة لمن تعذر", "الإعلانات", "فضاء التنسيق"]


def test_a_second_coordinator_is_shown_what_will_be_seen() -> None:
    said = review_asked(replace(FOUND, state="waiting"), ["إعلان من الفريق\n\nنص {phone} <b>"], 250, KNOWN)
    assert told(said.text) == (
        "يطلب منكم خديجة تأكيد إعلان. عدد المتوصلين: 250. هذا ما سيظهر لهم:\n———\n"
        "إعلان من الفريق\n\nنص {phone} <b>\n———\nالجمهور المستهدف: الأشخاص المسنون"
    )
    assert [told(button.label) for button in said.buttons][:2] == ["تأكيد الإرسال", "عدم الإرسال"]
