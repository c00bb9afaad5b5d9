"""The guards: what keeps the promises of docs/promises.md, each with what switches it off and the test that turns red then."""

from __future__ import annotations

from dataclasses import dataclass

_ENGINE, _DESK, _DELIVERIES, _OUTBOX = (
    "storage/engine.py",
    "bot/actions/desk.py",
    "bot/actions/deliveries.py",
    "storage/outbox.py",
)
_TEST_ENGINE, _TEST_DESK = "tests/storage/test_engine.py::", "tests/bot/actions/test_desk.py::"
_TEST_DELIVERIES, _FORGERY = "tests/bot/actions/test_deliveries.py::", "tests/faults/test_forgery.py::"
_FLUSHES = "tests/faults/test_flushes.py::test_every_update_is_flushed_between_its_arrival_and_its_200"


@dataclass(frozen=True, slots=True)
class Change:
    """In this file, `old` stands once and becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Switched off by the changes, together; `test` must fail then. `is_quick`: a few seconds, tried by `make test`, too."""

    name: str
    test: str
    changes: tuple[Change, ...]
    is_quick: bool = False


GUARDS = (
    Guard(
        "an update is known by its key: a repeat of it has no effect",
        _TEST_DESK + "test_the_same_update_three_times_has_one_effect[sqlite]",
        (
            Change(
                "storage/inbox.py", "return {(channel, update_id) for channel, update_id in result}", "return set(updates)"
            ),
        ),
        is_quick=True,
    ),
    Guard(
        "the key of an update is unique in the database",
        _TEST_DESK + "test_the_same_update_three_times_has_one_effect",
        (
            Change(
                "storage/migrations/versions/0001_first_tables.py",
                '        sa.PrimaryKeyConstraint("channel", "update_id", name=op.f("pk_inbox")),\n',
                "",
            ),
        ),
    ),
    Guard(
        "all of a turn is one transaction",
        _TEST_ENGINE + "test_an_exception_rolls_everything_back",
        (
            Change(
                _ENGINE,
                "            async with self._writing.begin() as connection:\n                yield connection\n",
                "            async with self._writing.connect() as connection:\n                try:\n"
                "                    yield connection\n                finally:\n                    await connection.commit()\n",
            ),
        ),
    ),
    Guard(
        "the conversation is locked while a turn is taken (PostgreSQL)",
        _TEST_DESK + "test_a_turn_is_taken_from_where_the_one_before_of_the_same_person_left_the_conversation[postgresql]",
        (
            Change(
                "storage/conversations.py",
                "return query.with_for_update(of=conversations) if locked else query",
                "return query",
            ),
        ),
    ),
    Guard(
        "whoever will write takes the lock first (SQLite)",
        _TEST_ENGINE + "test_two_writers_wait_for_each_other_and_neither_fails[sqlite]",
        (Change(_ENGINE, '"BEGIN IMMEDIATE" if options.get("nidaa_writes") else "BEGIN"', '"BEGIN"'),),
    ),
    Guard(
        "every commit is flushed (SQLite: synchronous = FULL)",
        _FLUSHES + "[sqlite]",
        (
            Change(_ENGINE, '"synchronous = FULL"', '"synchronous = NORMAL"'),
            Change(_ENGINE, '("synchronous", 2)', '("synchronous", 1)'),
        ),
    ),
    Guard(
        "every commit is flushed (PostgreSQL: synchronous_commit)",
        _FLUSHES + "[postgresql]",
        (
            Change(_ENGINE, "    if off is not None:\n", "    if off is None:\n        return\n    if off[0] == 'fsync':\n"),
            Change(_ENGINE, '"jit": "off"}', '"jit": "off", "synchronous_commit": "off"}'),
        ),
    ),
    Guard(
        "a PostgreSQL that does not flush is not used",
        _TEST_ENGINE + "test_a_postgresql_that_does_not_flush_is_not_used",
        (Change(_ENGINE, "WHERE setting = 'off' AND name IN", "WHERE setting = 'never' AND name IN"),),
    ),
    Guard(
        "a file that was deleted or replaced is not written to (SQLite)",
        _TEST_ENGINE + "test_nothing_is_written_to_a_file_that_is_no_longer_there",
        (Change(_ENGINE, '    event.listen(engine.sync_engine, "begin", compare)\n', ""),),
    ),
    Guard(
        "a full disk is an outage and parks nothing (SQLite)",
        "tests/faults/test_disk_trouble.py::test_nothing_is_lost_when_the_disk_of_sqlite_is_full",
        (Change(_ENGINE, '"database is busy", "disk", ', '"database is busy", '),),
    ),
    Guard(
        "a disk that is full or fails is an outage (PostgreSQL)",
        _TEST_ENGINE + "test_a_server_that_says_its_disk_or_its_memory_is_full_or_fails_is_away",
        (Change(_ENGINE, '"57", "58", ', '"57", '), Change(_ENGINE, '"53", ', "")),
    ),
    Guard(
        "200 only after the commit",
        _FLUSHES,
        (
            Change(
                "handlers/telegram/webhook.py",
                "        await self.desk.take(incoming)\n",
                "        task = asyncio.create_task(self.desk.take(incoming))\n        self.acknowledging.add(task)\n",
            ),
        ),
    ),
    Guard(
        "polling moves its offset only after the commit",
        "tests/handlers/telegram/test_polling.py::test_polling_fetches_again_what_could_not_be_stored",
        (
            Change(
                "handlers/telegram/polling.py",
                "                await asyncio.gather(*(self._intake.take(bytes(update)) for update in updates))\n",
                "                offset = max([offset, *(_numbered.decode(update).update_id + 1 for update in updates)])\n"
                "                await asyncio.gather(*(self._intake.take(bytes(update)) for update in updates))\n",
            ),
        ),
    ),
    Guard(
        "a reply is recorded before it is sent",
        _TEST_DESK + "test_no_reply_is_handed_out_whose_transaction_was_not_committed",
        (
            Change(
                _DESK,
                "                results += await take_turns(connection, updates, self._desktop, now=self._clock())\n",
                "                results += await take_turns(connection, updates, self._desktop, now=self._clock())\n"
                "                self._outlet([each for taken in results for each in taken.owed])\n",
            ),
        ),
    ),
    Guard(
        "the next message leaves only when the last one is recorded as sent",
        _TEST_DELIVERIES + "test_a_message_leaves_only_when_the_one_before_is_recorded_though_it_was_owed_meanwhile",
        (
            Change(
                _DELIVERIES,
                "await self.desk.settle(settlement, in_haste=bool(line.waiting))",
                "self.desk.note(settlement)",
            ),
        ),
    ),
    Guard(
        "replies to a commit whose answer was lost are given back",
        "tests/faults/test_commit_unknown.py::test_replies_are_sent_once_when_the_answers_to_their_commits_are_lost",
        (
            Change(
                _DESK, "for each in (each for taken in results for each in taken.owed if each.leased):", "for each in ():"
            ),
        ),
    ),
    Guard(
        "a turn that fails alone is parked, and its neighbours are taken",
        _TEST_DESK + "test_a_turn_that_fails_alone_is_parked_and_the_others_are_taken",
        (Change(_DESK, 'self._answer([waiting], [await self._park(waiting.incoming, error)], "parked")', "raise"),),
    ),
    Guard(
        "what a dead process was sending is taken over",
        _TEST_DELIVERIES + "test_what_a_crash_left_is_sent_by_the_next_process_when_the_lease_ends",
        (
            Change(
                _OUTBOX,
                "sa.or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)",
                "outbox.c.leased_until.is_(None)",
            ),
        ),
    ),
    Guard(
        "what another process is sending is left to it",
        _TEST_DELIVERIES + "test_two_senders_send_each_message_once_and_in_order",
        (Change(_OUTBOX, "sa.or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now)", "sa.true()"),),
    ),
    Guard(
        "a sender that was frozen has no say over what another has taken over",
        _TEST_DELIVERIES + "test_a_late_failure_counts_no_more_when_another_sender_has_the_message",
        (
            Change(
                _OUTBOX,
                '.where(outbox.c.id == sa.bindparam("owed"), outbox.c.attempts == sa.bindparam("tried"))',
                '.where(outbox.c.id == sa.bindparam("owed"), outbox.c.attempts >= sa.bindparam("tried"))',
            ),
        ),
    ),
    Guard(
        "messages to one person leave in their order",
        _TEST_DELIVERIES + "test_at_most_one_message_a_recipient_is_leased",
        (Change(_OUTBOX, "            ~behind,\n", ""),),
    ),
    Guard(
        "pacing: a busy platform is written to when it said",
        "tests/faults/test_storms.py::test_a_storm_of_refusals_loses_nothing_and_sends_nothing_early",
        (Change(_DELIVERIES, "self._clock() + error.retry_after)", "self._clock())"),),
    ),
    Guard(
        "pacing: a platform that is away is tried ever more seldom",
        _TEST_DELIVERIES + "test_an_unreachable_channel_is_tried_again_with_patience",
        (
            Change(
                "bot/core/pacing.py", "return min(_FIRST * (1 << min(max(attempts - 1, 0), 10)), _LONGEST)", "return _FIRST"
            ),
        ),
    ),
    Guard(
        "pacing: a flood from the page is refused",
        "tests/handlers/web/test_chat.py::test_a_flood_is_refused_and_ends_by_itself",
        (Change("handlers/web/limits.py", "return after is not None", "return True"),),
    ),
    Guard(
        "a webhook's secret is checked",
        _FORGERY + "test_no_update_is_taken_without_the_secret",
        (
            Change(
                "handlers/telegram/webhook.py",
                "        if not hmac.compare_digest(given, self._secret):\n            return 403\n",
                "        assert given is not None\n",
            ),
        ),
    ),
    Guard(
        "a button's seal is checked",
        _FORGERY + "test_no_payload_is_accepted_that_was_not_sealed_for_its_sender",
        (Change("bot/core/seals.py", "return payload if genuine else None", "return payload if genuine else payload"),),
    ),
    Guard(
        "a button is sealed for one person",
        "tests/bot/core/test_seals.py::test_a_sealed_payload_opens_for_its_owner_alone",
        (Change("bot/core/seals.py", 'f"{owner}\\n{payload}"', 'f"{payload}"'),),
    ),
    Guard(
        "a button counts at its own step only",
        "tests/journeys/test_j03_back_keep_change.py::test_a_button_of_the_same_question_asked_before_changes_nothing",
        (Change("bot/flows/routing.py", "verb == state.flow and number == str(state.step)", "verb == state.flow"),),
    ),
    Guard(
        "a form of the page is taken only from whom it was given to",
        _FORGERY + "test_no_form_is_taken_that_was_not_given_to_this_browser",
        (Change("handlers/web/visitors.py", ' and seals.open(proof, owner=visitor.id) == "page"', ""),),
    ),
    Guard(
        "a code works once",
        _FORGERY + "test_a_code_works_once_for_nobody_who_guesses_and_not_when_it_is_old",
        (
            Change(
                "storage/people.py",
                "codes.c.kind == kind, codes.c.used_at.is_(None), codes.c.expires_at > now)",
                "codes.c.kind == kind, codes.c.expires_at > now)",
            ),
        ),
    ),
    Guard(
        "the first decision on an application is kept",
        "tests/races/test_races.py::test_one_effect_comes_of_fifty_claims_and_of_fifty_decisions_at_once[postgresql]",
        (
            Change(
                "storage/decisions.py",
                'signups.update().where(signups.c.id == signup, signups.c.status == "pending")',
                "signups.update().where(signups.c.id == signup)",
            ),
            Change("storage/decisions.py", 'signups.c.status != "draft").with_for_update()', 'signups.c.status != "draft")'),
        ),
    ),
    Guard(
        "the committee's commands need their role",
        "tests/structure/test_permissions.py::test_every_role_may_do_what_it_may_and_nothing_else",
        (Change("bot/rules/permissions.py", " and ROLES.index(coordinator.role) >= ROLES.index(role_named(role))", ""),),
    ),
    Guard(
        "values are isolated inside a sentence",
        "tests/bot/core/test_text.py::test_a_value_is_isolated_by_its_kind",
        (Change("bot/core/text.py", "return isolate(value)\n            case Ltr", "return value\n            case Ltr"),),
        is_quick=True,
    ),
    Guard(
        "what people write is cleaned of what cannot be seen",
        "tests/faults/test_hostile_text.py::test_hostile_text_is_answered_kept_as_cleaned_and_never_markup_wherever_it_is_said",
        (Change("bot/core/bidi.py", "        kept = typed.translate(_seen)\n", "        kept = typed\n"),),
    ),
    Guard(
        "only listed facts are logged",
        "tests/structure/test_house.py::test_a_fact_that_is_not_listed_never_reaches_the_log",
        (Change("bot/logs.py", "for key, value in event.items() if key in ALLOWED}", "for key, value in event.items()}"),),
    ),
    Guard(
        "an exception is logged without its words",
        "tests/faults/test_leaks.py::test_nothing_is_said_of_people_when_their_turns_fail",
        (Change("bot/logs.py", 'event["error"] = type(found[1]).__name__', 'event["error"] = repr(found[1])'),),
    ),
    Guard(
        "whoever has just read what was owed is not asked again",
        "tests/faults/test_buttons_lost.py::test_whom_a_reply_is_still_owed_reads_that_and_is_not_asked_again",
        (Change(_DELIVERIES, "                        self._remember(key)\n", "                        pass\n"),),
    ),
)
