"""Who did what, in plain words, for those in charge; looking is noted too."""

from __future__ import annotations

import ast
from pathlib import Path

import sqlalchemy as sa

from bot.flows.audit import SENTENCES
from storage.tables import audit_entries
from tests.conftest import Running
from tests.fakes.clock import Clock
from tests.fakes.people import Person
from tests.journeys.committee import NOT_YOURS_TO_DO, joins, signs_up
from tests.journeys.conftest import Meet

ROOT = Path(__file__).parents[2]


async def test_what_was_done_is_told_in_plain_words_the_newest_first(
    khadija: Person, running: Running, meet: Meet, clock: Clock
) -> None:
    hassan = meet()
    await joins(khadija, running, "خديجة", "owner")
    clock.advance(hours=1)
    await joins(hassan, running, "حسن", category="students_boarding")
    await signs_up(meet())
    await hassan.reads()
    await hassan.presses("قبول")
    await hassan.presses("قبول")
    await hassan.presses("تراجع")
    await meet().says("/pending")
    clock.advance(days=1)
    await khadija.says("/team")
    await khadija.presses("حسن")
    await khadija.presses("تعليق العضوية")
    (trail,) = await khadija.says("/audit")
    mine = "تيليغرام" if khadija.channel == "telegram" else "صفحة الويب"
    assert trail.text == (
        "سجل العمليات\n\n"
        "الثلاثاء 24 نونبر 2026\n"
        f"11:00: خديجة: تعليق عضوية حسن ({mine})\n\n"
        "الاثنين 23 نونبر 2026\n"
        "11:00: شخص من خارج الفريق: محاولة القيام بما ليس من الصلاحيات (تيليغرام)\n"
        "11:00: حسن: التراجع عن قرار الطلب 4726-3918: مقبول (تيليغرام)\n"
        "11:00: حسن: القرار بخصوص الطلب 4726-3918: مقبول (تيليغرام)\n"
        "11:00: حسن: الانضمام إلى الفريق (تنسيق، التلميذات والتلاميذ (دور الطالب والطالبة)) (تيليغرام)\n"
        "10:00: سطر الأوامر: إعداد رمز يستعمل مرة واحدة (تنسيق، التلميذات والتلاميذ (دور الطالب والطالبة)) (سطر الأوامر)\n"
        f"10:00: خديجة: الانضمام إلى الفريق (مسؤولية الفريق، جميع الفئات) ({mine})\n"
        "10:00: سطر الأوامر: إعداد رمز يستعمل مرة واحدة (مسؤولية الفريق، جميع الفئات) (سطر الأوامر)"
    )
    assert trail.labels == ["فضاء التنسيق"]
    (again,) = await khadija.says("/audit")
    assert again.text.split("\n")[3] == f"11:00: خديجة: الاطلاع على هذا السجل ({mine})"


async def test_older_entries_are_a_button_away_each_shown_once(khadija: Person, running: Running, meet: Meet) -> None:
    await joins(khadija, running, "خديجة", "owner")
    for _ in range(4):
        await joins(meet(), running, "حسن")
    await khadija.reads()
    await meet().says("/team")
    (newest,) = await khadija.says("/audit")
    assert newest.labels == ["ما قبل ذلك", "فضاء التنسيق"]
    (older,) = await khadija.presses("ما قبل ذلك")
    assert older.labels == ["فضاء التنسيق"]
    shown = [line for reply in (newest, older) for line in reply.text.split("\n") if line[:3] == "10:"]
    assert len(shown) == 5 + 5 + 1
    looked = await running.rows(sa.select(audit_entries.c.id).where(audit_entries.c.action == "look_at_audit"))
    assert len(looked) == 2


async def test_only_who_is_in_charge_sees_it(khadija: Person, running: Running) -> None:
    await joins(khadija, running, "خديجة")
    (refused,) = await khadija.says("/audit")
    assert refused.text.startswith(NOT_YOURS_TO_DO)


def test_every_act_that_is_put_on_record_has_its_sentence() -> None:
    assert recorded() - set(SENTENCES) == set()


def recorded() -> set[str]:
    """The actions that the code names where it notes something: in the call, or in what the function chooses from."""
    found: set[str] = set()
    for path in (ROOT / "bot").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= _noted_in(function)
    assert {"decide", "void_decision", "look_at_audit", "suspend", "reinstate"} <= found
    return found


def _noted_in(function: ast.AST) -> set[str]:
    chosen = {
        node.targets[0].id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    found: set[str] = set()
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called in ("Entry", "NoteExport", "entry_of"):
            first = node.args[0]
            value = chosen.get(first.id, first) if isinstance(first, ast.Name) else first
            found |= {
                part.value for part in ast.walk(value) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            }
    return found
