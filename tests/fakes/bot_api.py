"""A Bot API server over real HTTP, as Telegram's: updates go to the webhook, calls come in and are kept.

The updates are built, and the calls are read, with python-telegram-bot's types: a second opinion on the wire. Where the
shared checks are at hand, every call is also judged against the published schema.
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import telegram
from aiohttp import ClientSession, web
from telegram import constants

TOKEN = "123456789:" + "fake-token-that-nobody-may-see-in-a-log"
CHECKS = Path(__file__).parents[3] / "shared" / "checks" / "channel_calls.py"
_SENT_AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a call, as multipart."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    params: Mapping[str, Any]


@dataclass(slots=True)
class Refusal:
    """Answers a call with an error instead; `times` None: until it is taken away."""

    status: int
    body: Mapping[str, Any]
    chat: int | None = None
    method: str = "sendMessage"
    times: int | None = 1
    delay: float = 0.0


Weather = Callable[[web.Request, str, Mapping[str, Any]], Awaitable[web.Response | None]]
"""What happens to any call before it is looked at: an answer of its own, None to let it pass; it may hang or cut the line."""


@dataclass(slots=True)
class BotApi:
    """`accepted` holds what was taken, per chat, in order; `calls` everything that came, refused or not; `uploads` the files
    of accepted messages, by (chat, message id); `pending` is how many updates it says it holds for the webhook."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    accepted: defaultdict[int, list[telegram.Message]] = field(default_factory=lambda: defaultdict(list))
    uploads: dict[tuple[int, int], Upload] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    profile: dict[tuple[str, str], Any] = field(default_factory=dict)
    webhook: str = ""
    secret: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    pending: int = 0
    expired_presses: set[str] = field(default_factory=set)
    weather: Weather | None = None
    _next_update: int = 700_000_000
    _next_message: int = 100
    _client: ClientSession | None = None

    def new_update_id(self) -> int:
        self._next_update += 1
        return self._next_update

    def new_message_id(self) -> int:
        self._next_message += 1
        return self._next_message

    async def deliver(self, update: telegram.Update | Mapping[str, Any]) -> int:
        """POST one update to the webhook, once; the status."""
        body = update.to_json() if isinstance(update, telegram.Update) else json.dumps(update)
        return await self.deliver_raw(body.encode())

    async def deliver_raw(self, body: bytes, *, secret: str | None = None) -> int:
        assert self._client is not None
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret or self.secret}
        async with self._client.post(self.webhook, data=io.BytesIO(body), headers=headers) as response:
            await response.read()
            return response.status

    def refuse(self, status: int, description: str, **how: Any) -> Refusal:
        """Refuse calls: `parameters` for the answer, `chat`, `method`, `times`, `delay` for which and how."""
        parameters = how.pop("parameters", None)
        body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        if parameters:
            body["parameters"] = parameters
        refusal = Refusal(status, body, **how)
        self.refusals.append(refusal)
        return refusal

    def sent(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def handle(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if request.match_info["token"] != TOKEN:
            return error(401, "Unauthorized")
        params, files = await _params(request)
        self.calls.append(Call(method, params))
        self.wrong += [f"{method}: {what}" for what in _judge(method, params)]
        if self.weather is not None and (answer := await self.weather(request, method, params)) is not None:
            return answer
        refusal = self._refusal(method, params)
        if refusal is not None:
            await asyncio.sleep(refusal.delay)
            return web.json_response(refusal.body, status=refusal.status)
        if method in _CARRIERS:
            return web.json_response({"ok": True, "result": _send_file(self, method, params, files)})
        answering = _ANSWERS.get(method)
        if answering is None:
            return error(404, "Not Found")
        result = answering(self, params)
        if isinstance(result, web.Response):
            return result
        if asyncio.iscoroutine(result):
            result = await result
        return web.json_response({"ok": True, "result": result})

    def _refusal(self, method: str, params: Mapping[str, Any]) -> Refusal | None:
        for refusal in self.refusals:
            meant = refusal.method == method and refusal.chat in (None, int(params.get("chat_id", 0)))
            if meant and refusal.times != 0:
                if refusal.times is not None:
                    refusal.times -= 1
                return refusal
        return None


async def _params(request: web.Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    if request.content_type == "application/json":
        return dict(await request.json()), {}
    params, files = {}, {}
    for name, value in (await request.post()).items():
        if isinstance(value, str):
            params[name] = _read(value)
        elif isinstance(value, web.FileField):
            files[name] = Upload(value.filename, value.file.read())
    return params, files


def _read(value: str) -> Any:
    try:
        return json.loads(value) if value[:1] in "[{" or value in ("true", "false") else value
    except ValueError:
        return value


def _judge(method: str, params: Mapping[str, Any]) -> list[str]:
    wrong = []
    markup = params.get("reply_markup")
    if markup is not None:
        read = _read_markup(markup)
        if isinstance(read, telegram.InlineKeyboardMarkup):
            for row in read.inline_keyboard:
                for button in row:
                    data = str(button.callback_data).encode()
                    if not 1 <= len(data) <= constants.InlineKeyboardButtonLimit.MAX_CALLBACK_DATA:
                        wrong.append("callback data length")
    if method == "sendMessage" and len(params["text"].encode("utf-16-le")) // 2 > constants.MessageLimit.MAX_TEXT_LENGTH:
        wrong.append("text too long")
    if len(params.get("caption", "").encode("utf-16-le")) // 2 > constants.MessageLimit.CAPTION_LENGTH:
        wrong.append("caption too long")
    checks = _shared_checks()
    return wrong + (checks.telegram(method, dict(params)) if checks else [])


def _read_markup(markup: Mapping[str, Any]) -> telegram.TelegramObject:
    if "inline_keyboard" in markup:
        return telegram.InlineKeyboardMarkup.de_json(dict(markup), None)
    if "keyboard" in markup:
        rows = [[telegram.KeyboardButton.de_json(key, None) for key in row] for row in markup["keyboard"]]
        rest = {name: value for name, value in markup.items() if name != "keyboard"}
        return telegram.ReplyKeyboardMarkup(rows, **rest)
    assert markup == {"remove_keyboard": True}, markup
    return telegram.ReplyKeyboardRemove()


@cache
def _shared_checks() -> ModuleType | None:
    if not CHECKS.exists():
        return None
    spec = importlib.util.spec_from_file_location("channel_calls", CHECKS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _send_message(api: BotApi, params: Mapping[str, Any]) -> Any:
    chat = int(params["chat_id"])
    markup = _read_markup(params["reply_markup"]) if "reply_markup" in params else None
    message = telegram.Message(
        message_id=api.new_message_id(),
        date=_SENT_AT,
        chat=telegram.Chat(chat, "private"),
        text=params["text"],
        reply_markup=markup,  # type: ignore[arg-type]  # a reply keyboard is sent but never comes back in a message
    )
    api.accepted[chat].append(message)
    answer = message.to_dict()
    if not isinstance(markup, telegram.InlineKeyboardMarkup):
        answer.pop("reply_markup", None)
    return answer


_CARRIERS = {
    "sendPhoto": ("photo", constants.FileSizeLimit.PHOTOSIZE_UPLOAD),
    "sendDocument": ("document", constants.FileSizeLimit.FILESIZE_UPLOAD),
}


def _send_file(api: BotApi, method: str, params: Mapping[str, Any], files: Mapping[str, Upload]) -> Any:
    field, most = _CARRIERS[method]
    upload = files[params[field].removeprefix("attach://")]
    if len(upload.content) > most:
        api.wrong.append(f"{method}: file too large")
    chat, number = int(params["chat_id"]), api.new_message_id()
    what: Any = (
        {"photo": (telegram.PhotoSize("file", "unique", 90, 90),)}
        if method == "sendPhoto"
        else {"document": telegram.Document("file", "unique", file_name=upload.name)}
    )
    markup = _read_markup(params["reply_markup"]) if "reply_markup" in params else None
    message = telegram.Message(
        number,
        _SENT_AT,
        telegram.Chat(chat, "private"),
        caption=params.get("caption"),
        reply_markup=markup,  # type: ignore[arg-type]  # as in a message of text
        **what,
    )
    api.accepted[chat].append(message)
    api.uploads[chat, number] = upload
    answer = message.to_dict()
    if not isinstance(markup, telegram.InlineKeyboardMarkup):
        answer.pop("reply_markup", None)
    return answer


def _acknowledge(api: BotApi, params: Mapping[str, Any]) -> Any:
    if params["callback_query_id"] in api.expired_presses:
        return error(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    api.acknowledged.append(params["callback_query_id"])
    return True


def _set_webhook(api: BotApi, params: Mapping[str, Any]) -> Any:
    api.webhook, api.secret = params["url"], params["secret_token"]
    return True


def _delete_webhook(api: BotApi, _: Mapping[str, Any]) -> Any:
    api.webhook = ""
    return True


async def _get_updates(api: BotApi, params: Mapping[str, Any]) -> Any:
    offset = int(params.get("offset", 0))
    api.updates = [update for update in api.updates if update["update_id"] >= offset]
    for _ in range(20):
        if api.updates or int(params.get("timeout", 0)) == 0:
            break
        await asyncio.sleep(0.02)
    return api.updates[:100]


def _webhook_info(api: BotApi, _: Mapping[str, Any]) -> Any:
    return telegram.WebhookInfo(api.webhook, has_custom_certificate=False, pending_update_count=api.pending).to_dict()


def _me(_: BotApi, __: Mapping[str, Any]) -> Any:
    return telegram.User(123456789, "nidaa", is_bot=True, username="nidaa_test_bot").to_dict()


def _kept(name: str, field: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def put(api: BotApi, params: Mapping[str, Any]) -> Any:
        api.profile[name, params.get("language_code", "")] = params[field]
        return True

    def get(api: BotApi, params: Mapping[str, Any]) -> Any:
        empty: Any = [] if field == "commands" else ""
        value = api.profile.get((name, params.get("language_code", "")), empty)
        return value if field == "commands" else {field: value}

    return put, get


def _scoped(method: Callable[..., Any]) -> Callable[..., Any]:
    """The list of commands of one chat is not that of all: it is kept under the chat's id."""

    def scoped(api: BotApi, params: Mapping[str, Any]) -> Any:
        chat = params.get("scope", {}).get("chat_id")
        return method(api, params if chat is None else {**params, "language_code": str(chat)})

    return scoped


def _delete_commands(api: BotApi, params: Mapping[str, Any]) -> Any:
    api.profile.pop(("commands", params.get("language_code", "")), None)
    return True


_put_commands, _get_commands = map(_scoped, _kept("commands", "commands"))
_put_name, _get_name = _kept("name", "name")
_put_short, _get_short = _kept("short", "short_description")
_put_description, _get_description = _kept("description", "description")
_ANSWERS: dict[str, Callable[[BotApi, Mapping[str, Any]], Any]] = {
    "getMe": _me,
    "sendMessage": _send_message,
    "answerCallbackQuery": _acknowledge,
    "setWebhook": _set_webhook,
    "deleteWebhook": _delete_webhook,
    "getUpdates": _get_updates,
    "getWebhookInfo": _webhook_info,
    "setChatMenuButton": lambda api, params: api.profile.update({("menu", ""): params["menu_button"]}) or True,
    "setMyCommands": _put_commands,
    "getMyCommands": _get_commands,
    "deleteMyCommands": _scoped(_delete_commands),
    "setMyName": _put_name,
    "getMyName": _get_name,
    "setMyShortDescription": _put_short,
    "getMyShortDescription": _get_short,
    "setMyDescription": _put_description,
    "getMyDescription": _get_description,
}


def error(status: int, description: str, **parameters: int) -> web.Response:
    body = {"ok": False, "error_code": status, "description": description}
    return web.json_response({**body, "parameters": parameters} if parameters else body, status=status)


@asynccontextmanager
async def running_bot_api() -> AsyncIterator[BotApi]:
    api = BotApi()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/bot{token}/{method}", api.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    api.url = f"http://{host}:{port}"
    async with ClientSession() as client:
        api._client = client
        try:
            yield api
        finally:
            await runner.cleanup()
