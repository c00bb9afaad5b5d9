"""Every flow, by name."""

from __future__ import annotations

from bot.core.flow import Flow
from bot.flows import announced, announcements, committee, decisions, help_requests, merges
from bot.flows.claims import CLAIM
from bot.flows.helpdesk import CALL, CONTACT
from bot.flows.language import FIRST_LANGUAGE, LANGUAGE
from bot.flows.leaving import CANCEL, ERASE
from bot.flows.optin import OPTIN
from bot.flows.phone_entry import PHONE_ENTRY
from bot.flows.signup import SIGNUP

_ALL = (
    SIGNUP,
    OPTIN,
    LANGUAGE,
    FIRST_LANGUAGE,
    CALL,
    CONTACT,
    CLAIM,
    CANCEL,
    ERASE,
    PHONE_ENTRY,
    *decisions.FLOWS,
    *committee.FLOWS,
    *help_requests.FLOWS,
    *merges.FLOWS,
    *announcements.FLOWS,
    *announced.FLOWS,
)
FLOWS: dict[str, Flow] = {flow.name: flow for flow in _ALL}
