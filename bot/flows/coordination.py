"""What the committee asks for from the chat: the queue of applications, requests for help, the team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.bidi import shorten
from bot.core.known import Known
from bot.core.messages import Button, Outgoing
from bot.core.text import Ltr, Sayable, Text, lines, paragraphs, t
from bot.flows import announcement_control, audiences, audit, committee, decisions, duplicates, figures, help_requests, moves
from bot.flows.command import AREA, Command, coordinator_in, go, speaker
from bot.flows.declared import FLOWS
from bot.flows.effects import ClaimHelp, CloseHelp, Effect, NoteExport, Nudge, SetActive, UndoDecision
from bot.flows.phone_entry import PHONE_ENTRY
from bot.flows.standing import Outcome, Standing
from bot.rules.permissions import may
from bot.rules.references import reference

NOT_AUTHORISED = t("This area is for the coordination team. If you belong to it, ask an owner for a one-time code.")
_NEXT_REQUEST, _NEXT_HELP, _TEAM = go("pending", t("Next request")), help_requests.NEXT, committee.TEAM


def _said(standing: Standing, say: Sayable, *buttons: Button, effects: tuple[Effect, ...] = ()) -> Outcome:
    return replace(moves.aside(standing.talk, say, *buttons, AREA), effects=effects)


def area(standing: Standing, known: Known) -> Outcome:
    """How many things wait, and the doors to them."""
    counts = known.loaded.get("counts") or {}
    head = t("Coordination area\nRequests awaiting a decision: {pending_count}\nAccepted associations: {approved_count}")
    told = head(pending_count=counts.get("pending", 0), approved_count=counts.get("approved", 0))
    waiting = t("Open requests for help: {count}")(count=counts.get("help", 0))
    writes = may(coordinator_in(known), "coordinator")
    buttons = (
        go("pending", t("Requests to decide")),
        go("help_requests", t("Requests for help")),
        *((go("phone_entry", t("Fill by phone")), duplicates.DOOR) if writes else ()),
        *((go("broadcast", t("Send an announcement")),) if writes else ()),
        audiences.LIST,
        go("report", t("Figures")),
        *((_TEAM, go("audit", audit.TITLE)) if may(coordinator_in(known), "owner") else ()),
        moves.CONTINUE if standing.talk.top else go("services", t("Other services")),
    )
    return Outcome(replace(standing.talk, lost=0), (Outgoing(lines(told, waiting), buttons),))


def pending(standing: Standing, known: Known) -> Outcome:
    """The request that waits longest; from a card, the one after it."""
    application = known.loaded.get("next_application")
    if not isinstance(application, decisions.Application):
        return _said(standing, t("No request is waiting."))
    return _card(standing, application, known)


def application(standing: Standing, known: Known) -> Outcome:
    found = decisions.application_in(known)
    return _card(standing, found, known) if found else _said(standing, decisions.NOT_YOURS)


def _card(standing: Standing, found: decisions.Application, known: Known) -> Outcome:
    buttons = decisions.choices_for(found, may_decide=may(speaker(known), "coordinator"))
    return _said(standing, decisions.card(found, known), *buttons)


def _opens(flow: str) -> Command:
    def act(standing: Standing, known: Known) -> Outcome:
        found = decisions.application_in(known)
        if found is None:
            return _said(standing, decisions.NOT_YOURS, _NEXT_REQUEST)
        if found.status != "pending":
            return _said(standing, decisions.already(found, known), _NEXT_REQUEST)
        return moves.opened(standing.talk, known, flow, subject=found.id)

    return Command(flow, act, needs=frozenset({"application"}), role="coordinator", about=True)


def undo(standing: Standing, known: Known) -> Outcome:
    """Take a decision back while the person has not been told."""
    found = decisions.application_in(known)
    if found is None:
        return _said(standing, decisions.NOT_YOURS, _NEXT_REQUEST)
    decision, ref = found.decision, Ltr(reference(found.id))
    if decision is None or decision.told or found.status != decision.status:
        late = t("It is too late to undo: the decision on request {ref} has been told to the person, or was changed.")
        return _said(standing, late(ref=ref), _NEXT_REQUEST)
    undone = t("Undone: request {ref} is waiting for a decision again.")(ref=ref)
    card = go("application", decisions.BACK_TO_REQUEST, found.id)
    return _said(standing, undone, card, _NEXT_REQUEST, effects=(UndoDecision(found.id, by=speaker(known).id),))


def next_help(standing: Standing, known: Known) -> Outcome:
    """The request for help that waits longest; from a card, the one after it."""
    request = known.loaded.get("next_help_request")
    if not isinstance(request, help_requests.HelpCard):
        return _said(standing, t("Nobody is waiting for help."))
    return _help_card(standing, request, known)


def help_request(standing: Standing, known: Known) -> Outcome:
    request = help_requests.help_in(known)
    if request is None or request.closed:
        return _said(standing, help_requests.NOT_OPEN, _NEXT_HELP)
    return _help_card(standing, request, known)


def _help_card(standing: Standing, request: help_requests.HelpCard, known: Known) -> Outcome:
    coordinator = speaker(known)
    buttons = help_requests.choices_for(request, reader=coordinator.id, may_answer=may(coordinator, "coordinator"))
    return _said(standing, help_requests.card(request, known), *buttons)


def claim_help(standing: Standing, known: Known) -> Outcome:
    """Take a request on; the first one gets it."""
    request, coordinator = help_requests.help_in(known), speaker(known)
    if request is None or request.closed:
        return _said(standing, help_requests.NOT_OPEN, _NEXT_HELP)
    if request.is_of(coordinator.id):
        return _help_card(standing, request, known)
    if request.claimed_by is not None and not request.lapsed:
        taken = t("{name} has already taken this request on.")(name=request.claimed_by[1])
        return _said(standing, taken, _NEXT_HELP)
    mine = replace(request, claimed_by=(coordinator.id, coordinator.name), lapsed=False)
    return replace(_help_card(standing, mine, known), effects=(ClaimHelp(request.id, by=coordinator.id),))


def answer_help(standing: Standing, known: Known) -> Outcome:
    request = help_requests.help_in(known)
    if request is None or request.closed:
        return _said(standing, help_requests.NOT_OPEN, _NEXT_HELP)
    if not request.is_of(speaker(known).id):
        return claim_help(standing, known)
    return moves.opened(standing.talk, known, help_requests.ANSWER.name, subject=request.id)


def close_help(standing: Standing, known: Known) -> Outcome:
    """Nothing more to do, for instance after the call."""
    request, coordinator = help_requests.help_in(known), speaker(known)
    if request is None or request.closed:
        return _said(standing, help_requests.NOT_OPEN, _NEXT_HELP)
    if not request.is_of(coordinator.id):
        return claim_help(standing, known)
    return _said(standing, t("This request is closed."), _NEXT_HELP, effects=(CloseHelp(request.id, by=coordinator.id),))


def report(standing: Standing, known: Known) -> Outcome:
    """The figures as text and picture; the names of those who stopped, and the table, are a tap away."""
    found: figures.Report = known.loaded["report"]
    buttons = (
        go("stuck", t("Who stopped on the way")),
        *((go("members", t("Table of requests")),) if may(speaker(known), "coordinator") else ()),
        AREA,
    )
    return Outcome(standing.talk, (Outgoing(found.text, buttons, file=found.picture),))


def members(standing: Standing, known: Known) -> Outcome:
    """The call's table as a file that a spreadsheet opens."""
    found: figures.Report = known.loaded["report"]
    told = t("The table of requests, as it is when you open it. It holds personal data: each time is recorded.")
    said = Outgoing(told, (AREA,), file=found.table)
    return Outcome(standing.talk, (said,), (NoteExport("export_members", by=speaker(known).id),))


def stuck(standing: Standing, known: Known) -> Outcome:
    """Those who stopped on the way, a button each to remind them."""
    found: Sequence[figures.Stopped] = known.loaded["stuck"]
    if not found:
        return _said(standing, t("Nobody has stopped on the way for a day or more."), AREA)
    told = lines(*(figures.line(each, number) for number, each in enumerate(found, 1)))
    ask = t("Press a number to remind the person. Nobody is reminded twice in a day.")
    buttons = [
        Button(Text("{name}", {"name": shorten(each.association or "–", 18)}), f"go:{each.person}:nudge", number)
        for number, each in enumerate(found, 1)
        if may(speaker(known), "coordinator") and not each.nudged and not each.no_reminders
    ]
    heading = t("Stopped on the way, the latest first:")
    return _said(standing, paragraphs(lines(heading, told), ask if buttons else None), *buttons, AREA)


def nudge(standing: Standing, known: Known) -> Outcome:
    """Remind one of them, once a day at most."""
    found: figures.Stopped | None = known.loaded["stopped"]
    again = go("stuck", t("Who stopped on the way"))
    if found is None:
        return _said(standing, figures.NOT_STUCK, again)
    if found.no_reminders:
        return _said(standing, t("This person wants no reminders. You can call instead."), again)
    if found.nudged:
        return _said(standing, t("This person was reminded less than a day ago."), again)
    told = t("The reminder goes to this person now; in quiet hours it waits for the morning.")
    return _said(standing, told, again, effects=(Nudge(found.person, by=speaker(known).id),))


def phone_entry(standing: Standing, known: Known) -> Outcome:
    return moves.opened(standing.talk, known, PHONE_ENTRY.name)


def team(standing: Standing, known: Known) -> Outcome:
    """Everybody in the committee, a button each, and letting somebody in."""
    members = known.loaded["team"]
    told = lines(*(committee.described(member.coordinator) for member in members))
    buttons = [
        go("member", Text("{name}", {"name": shorten(member.coordinator.name, 20)}), member.coordinator.id)
        for member in members[:30]
    ]
    return _said(standing, paragraphs(t("The coordination team"), told), *buttons, go("invite", t("Let somebody in")))


def member(standing: Standing, known: Known) -> Outcome:
    found = committee.member_in(known)
    if found is None:
        return _said(standing, committee.NOT_IN_TEAM, _TEAM)
    coordinator = found.coordinator
    buttons = [go("change_role", t("Change the role"), coordinator.id)]
    if coordinator.active:
        buttons.append(go("suspend", t("Suspend"), coordinator.id))
    else:
        buttons.append(go("reinstate", t("Let back in"), coordinator.id))
    return _said(standing, committee.described(coordinator), *buttons, _TEAM)


def change_role(standing: Standing, known: Known) -> Outcome:
    found = committee.member_in(known)
    if found is None:
        return _said(standing, committee.NOT_IN_TEAM, _TEAM)
    if found.last_owner:
        return _said(standing, committee.LAST_OWNER(name=found.coordinator.name), _TEAM)
    return moves.opened(standing.talk, known, committee.CHANGE_ROLE.name, subject=found.coordinator.id)


def _sets_active(name: str, *, active: bool) -> Command:
    def act(standing: Standing, known: Known) -> Outcome:
        found = committee.member_in(known)
        if found is None:
            return _said(standing, committee.NOT_IN_TEAM, _TEAM)
        if found.last_owner and not active:
            return _said(standing, committee.LAST_OWNER(name=found.coordinator.name), _TEAM)
        done = t("{name} is back in the team.") if active else t("{name} is suspended and can do nothing from now on.")
        back = go("reinstate", t("Let back in"), found.coordinator.id)
        changed = found.coordinator.active != active  # pressed twice, it is told twice and done once
        effects = (SetActive(found.coordinator.id, active=active, by=speaker(known).id),) if changed else ()
        said = done(name=found.coordinator.name)
        return _said(standing, said, *(() if active else (back,)), _TEAM, effects=effects)

    return Command(name, act, needs=_MEMBER, role="owner", about=True)


def audit_trail(standing: Standing, known: Known) -> Outcome:
    """What was done, the newest first; from a page of it, what was done before. Looking is on record too."""
    entries = known.loaded["audit"]
    older = (go("audit", t("Older"), entries[audit.SHOWN - 1].id),) if len(entries) > audit.SHOWN else ()
    shown = entries[: audit.SHOWN]
    told = paragraphs(audit.TITLE, audit.told(shown, known)) if shown else t("Nothing has been done yet.")
    return _said(standing, told, *older, effects=(NoteExport("look_at_audit", by=speaker(known).id),))


def invite(standing: Standing, known: Known) -> Outcome:
    return moves.opened(standing.talk, known, committee.INVITE.name)


_APPLICATION, _HELP, _MEMBER = (frozenset({name}) for name in ("application", "help_request", "member"))

COMMANDS: tuple[Command, ...] = (
    Command("coordination", area, frozenset({"coordination"}), needs=frozenset({"counts"}), role="viewer"),
    Command(
        "pending",
        pending,
        frozenset({"pending"}),
        t("Coordination: requests awaiting a decision"),
        frozenset({"next_application"}),
        role="viewer",
    ),
    Command("application", application, needs=_APPLICATION, role="viewer", about=True),
    *(_opens(flow.name) for flow in decisions.FLOWS),
    Command("undo", undo, needs=_APPLICATION, role="coordinator", about=True),
    Command(
        "help_requests",
        next_help,
        describe=t("Coordination: people waiting for help"),
        needs=frozenset({"next_help_request"}),
        role="viewer",
    ),
    Command("help_request", help_request, needs=_HELP, role="viewer", about=True),
    Command("claim_help", claim_help, needs=_HELP, role="coordinator", about=True),
    Command("answer_help", answer_help, needs=_HELP, role="coordinator", about=True),
    Command("close_help", close_help, needs=_HELP, role="coordinator", about=True),
    Command("report", report, describe=t("Coordination: figures and exports"), needs=frozenset({"report"}), role="viewer"),
    announcement_control.LISTED,
    Command("members", members, needs=frozenset({"report"}), role="coordinator"),
    Command("stuck", stuck, needs=frozenset({"stuck"}), role="viewer"),
    Command("nudge", nudge, needs=frozenset({"stopped"}), role="coordinator", about=True),
    Command("phone_entry", phone_entry, describe=t("Coordination: fill a sign-up by phone"), role="coordinator"),
    *duplicates.COMMANDS,
    *announcement_control.COMMANDS,
    Command("team", team, describe=t("Coordination: who is in the team"), needs=frozenset({"team"}), role="owner"),
    Command("member", member, needs=_MEMBER, role="owner", about=True),
    Command("change_role", change_role, needs=_MEMBER, role="owner", about=True),
    _sets_active("suspend", active=False),
    _sets_active("reinstate", active=True),
    Command("invite", invite, role="owner"),
    Command("audit", audit_trail, describe=t("Coordination: who did what"), needs=frozenset({"audit"}), role="owner"),
)


def refusal(standing: Standing, known: Known) -> Outcome:
    """What anybody else is told: one polite sentence, then the open question again."""
    kept = tuple(state for state in standing.talk.stack if FLOWS[state.flow].role is None)
    return moves.ask_again(replace(standing.talk, stack=kept), known, (NOT_AUTHORISED,))
