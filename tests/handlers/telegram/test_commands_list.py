"""The platform's list of commands: everybody's for everybody, the committee's in its members' chats alone."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import telegram
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.messages import Message
from handlers.telegram.channel import TelegramChannel, make_bot
from tests.conftest import Running, Serve
from tests.fakes.bot_api import TOKEN, BotApi
from tests.fakes.people import TelegramPerson
from tests.journeys.committee import joins

EVERYBODYS = ["start", "status", "edit", "meeting", "consultations", "mydata", "stop", "help"]
VIEWERS = ["pending", "help_requests", "report", "announcements"]
COORDINATORS = ["phone_entry", "duplicates", "broadcast"]
OWNERS = ["team", "audit"]


@pytest.fixture
async def running(serve: Serve, bot_api: BotApi) -> Running:
    return await serve(bot_api)


@pytest.fixture
def khadija(running: Running, bot_api: BotApi) -> TelegramPerson:
    return TelegramPerson(bot_api, running.settled)


@dataclass(frozen=True, slots=True)
class Shown:
    """A call for one chat's list, read with python-telegram-bot's types; `commands` None: back to everybody's."""

    chat: int
    commands: tuple[telegram.BotCommand, ...] | None

    @property
    def names(self) -> list[str]:
        return [each.command for each in self.commands or ()]


def shown(api: BotApi) -> list[Shown]:
    """What was asked for single chats, in order."""
    found = []
    for call in api.calls:
        if call.method not in ("setMyCommands", "deleteMyCommands"):
            continue
        scope = telegram.BotCommandScope.de_json(dict(call.params["scope"]), None)
        if isinstance(scope, telegram.BotCommandScopeChat):
            assert "language_code" not in call.params
            commands = [telegram.BotCommand.de_json(dict(each), None) for each in call.params.get("commands", ())]
            found.append(Shown(int(scope.chat_id), tuple(commands) if call.method == "setMyCommands" else None))
    return found


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("viewer", EVERYBODYS + VIEWERS),
        ("coordinator", EVERYBODYS + VIEWERS + COORDINATORS),
        ("owner", EVERYBODYS + VIEWERS + COORDINATORS + OWNERS),
    ],
)
async def test_a_member_is_shown_the_commands_of_the_role(
    khadija: TelegramPerson, running: Running, bot_api: BotApi, role: str, names: list[str]
) -> None:
    await khadija.says("سلام")
    assert shown(bot_api) == []
    await joins(khadija, running, "خديجة", role)
    (one,) = shown(bot_api)
    assert (one.chat, one.names) == (khadija.id, names)
    assert one.commands is not None
    assert one.commands[8].description == "التنسيق: الطلبات في انتظار البت"


async def test_the_list_changes_with_the_place_and_goes_with_it(
    khadija: TelegramPerson, running: Running, bot_api: BotApi
) -> None:
    hassan = TelegramPerson(bot_api, running.settled)
    await joins(khadija, running, "خديجة", "owner")
    await joins(hassan, running, "حسن")
    await khadija.says("/team")
    await khadija.presses("حسن")
    await khadija.presses("تغيير الصفة")
    await khadija.presses("مسؤولية الفريق")
    await hassan.reads()
    await khadija.says("/team")
    await khadija.presses("حسن")
    await khadija.presses("تعليق العضوية")
    await hassan.reads()
    lists = [one for one in shown(bot_api) if one.chat == hassan.id]
    assert [one.names for one in lists] == [
        EVERYBODYS + VIEWERS + COORDINATORS,
        EVERYBODYS + VIEWERS + COORDINATORS + OWNERS,
        [],
    ]
    assert lists[-1].commands is None
    assert ("commands", str(hassan.id)) not in bot_api.profile


async def test_who_changes_her_own_place_is_shown_the_list_of_the_new_one(
    khadija: TelegramPerson, running: Running, bot_api: BotApi
) -> None:
    await joins(TelegramPerson(bot_api, running.settled), running, "عائشة", "owner")
    await joins(khadija, running, "خديجة", "owner")
    await khadija.says("/team")
    await khadija.presses("خديجة")
    await khadija.presses("تغيير الصفة")
    await khadija.presses("اطلاع فقط")
    await khadija.presses("جميع الفئات")
    assert shown(bot_api)[-1].names == EVERYBODYS + VIEWERS


@pytest.mark.parametrize("how", ["by word", "by button"])
async def test_the_list_follows_the_language(khadija: TelegramPerson, running: Running, bot_api: BotApi, how: str) -> None:
    await joins(khadija, running, "خديجة", "owner")
    if how == "by word":
        await khadija.says("français")
    else:
        await khadija.says("/language")
        await khadija.presses("Français")
    assert len(shown(bot_api)) == 2
    one = shown(bot_api)[-1]
    assert one.commands is not None
    assert (one.chat, one.commands[-1].description) == (khadija.id, "Coordination\u00a0: journal des actes")


async def test_nobody_else_s_list_is_touched_by_a_change_of_language(khadija: TelegramPerson, bot_api: BotApi) -> None:
    await khadija.says("سلام")
    await khadija.says("français")
    assert shown(bot_api) == []


@pytest.mark.parametrize(
    ("status", "parameters"), [(400, None), (429, {"retry_after": 30}), (502, None)], ids=["refused", "busy", "in trouble"]
)
@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
async def test_a_list_that_cannot_be_shown_does_not_cost_the_message(
    khadija: TelegramPerson, running: Running, bot_api: BotApi, *, status: int, parameters: object, times: int | None
) -> None:
    bot_api.refuse(status, "whatever it says", method="setMyCommands", parameters=parameters, times=times)
    (welcome,) = await joins(khadija, running, "خديجة", "owner")
    assert welcome.text.startswith("أصبحتم عضوا في فريق التنسيق.")
    assert len(bot_api.accepted[khadija.id]) == 1


async def test_a_page_in_place_of_an_answer_does_not_cost_the_message_either() -> None:
    """As a server in between gives it: what comes back is no answer of the platform's at all."""
    sent: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        sent.append(method)
        if method != "sendMessage":
            return web.Response(text="<html>Bad Gateway</html>", status=502, content_type="text/html")
        return web.json_response({"ok": True, "result": {}})

    app = web.Application()
    app.router.add_post("/bot{token}/{method}", answer)
    async with TestServer(app) as server:
        channel = TelegramChannel(make_bot(TOKEN, str(server.make_url("")).rstrip("/")))
        for commands in ((("team", "الفريق"),), ()):
            await channel.send("500001", Message("نعم", commands=commands))
        await channel.close()
    assert sent == ["setMyCommands", "sendMessage", "deleteMyCommands", "sendMessage"]
