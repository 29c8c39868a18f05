"""Mutants: smsflow with one rule broken, to show that the simulation would notice.

A simulation that finds nothing proves little until it is seen to find something. Here are the
mutants of what comes in and what goes out; those of what may happen when are in a file of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, literal
from sqlalchemy.exc import DBAPIError

from smsflow import delivery
from smsflow.concerned import message_of
from smsflow.conversation import _Sitting
from smsflow.delivery import Delivery
from smsflow.engine import machine, policy, reports
from smsflow.errors import Conflict
from smsflow.jobs import Nudger, Sweep
from smsflow.sms import answers
from smsflow.sms.states import State
from smsflow.store import Store, outbox, results, saving
from smsflow.store.batch import Batch
from smsflow.store.inbox import Inbox
from smsflow.store.rows import Changes, NewRow, TryResult, Verdict
from smsflow.store.schema import inbox as inbox_table
from tests.simulation.broken import Mutant, Pretending, enter_into, put
from tests.simulation.database import SimulatedDatabase
from tests.simulation.mutants_of_time import TIMES

MUTANTS: dict[str, Mutant] = {}

_mutant = partial(enter_into, MUTANTS)


# --- coming in ------------------------------------------------------------------------------------


@_mutant("the web answers 200, and commits a moment later")
def _acknowledge_before_commit(stack: ExitStack) -> None:
    def insert(self: Any, rows: Sequence[NewRow]) -> list[bool]:
        def write() -> None:
            with suppress(Conflict, DBAPIError):
                self._write(rows)

        kernel = self._db.kernel
        kernel.spawn(kernel.current.process, write)
        return [True] * len(rows)

    put(stack, Inbox, "insert", insert)


@_mutant("a text that is pushed twice is two texts")
def _no_unique_key(stack: ExitStack) -> None:
    def take_keys(_self: Inbox, _connection: Any, rows: Sequence[NewRow]) -> list[bool]:
        return [True] * len(rows)

    put(stack, Inbox, "_take_keys", take_keys)


@_mutant("effects are committed, and the inbox row is deleted in a second transaction")
def _split_transaction(stack: ExitStack) -> None:
    @contextmanager
    def work(self: Inbox, *given: Any) -> Iterator[Any]:
        finished: list[int] = []
        with original(self, *given) as batch:
            yield _KeepsRows(batch, finished)
        if finished:
            with self._db.write() as connection:
                connection.execute(delete(inbox_table).where(inbox_table.c.id.in_(finished)))

    original = put(stack, Inbox, "work", work)


class _KeepsRows:
    """A batch that leaves the deletion of its rows to somebody else."""

    def __init__(self, batch: Batch, finished: list[int]) -> None:
        self._batch = batch
        self._finished = finished

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def save(self, changes: Changes) -> None:
        self._finished += changes.finished
        self._batch.save(replace(changes, finished=[]))


# --- reports --------------------------------------------------------------------------------------


@_mutant("the report that came last counts, whatever its rank")
def _no_rank(stack: ExitStack) -> None:
    put(stack, State, "may_become", lambda _self, _later: True)


@_mutant("a report for a text whose send was not answered yet is dropped")
def _unmatched_report_dropped(stack: ExitStack) -> None:
    def report(self: _Sitting, row: Any) -> Any:
        message = self._messages.get(message_of(row.payload["wire_id"]))
        if message is not None and message.state in (State.QUEUED, State.UNCERTAIN):
            return None, None
        return original(self, row)

    original = put(stack, _Sitting, "_delivery_report", report)


@_mutant("a report does not end the retries of its text")
def _report_leaves_retry(stack: ExitStack) -> None:
    def save(self: Any, connection: Any, changes: Changes, now: Any) -> None:
        before, self._settle = self._settle, self._settle.where(literal(False))
        try:
            original(self, connection, changes, now)
        finally:
            self._settle = before

    original = put(stack, saving.Leaving, "save", save)


@_mutant("a text that was replaced is replaced again by its next report")
def _replaced_twice(stack: ExitStack) -> None:
    def settle(turn: Any, sent: Any, *told: Any, reword: bool = False) -> None:
        original(turn, replace(sent, replaced=False), *told, reword=reword)

    original = put(stack, reports, "_settle", settle)


@_mutant("no second number is tried")
def _no_failover(stack: ExitStack) -> None:
    put(stack, policy, "next_try", lambda *_args, **_kwargs: None)


# --- sending --------------------------------------------------------------------------------------


def _settling(stack: ExitStack, change: Callable[[dict[str, Any], TryResult], None]) -> None:
    """Change what a result does to its message, afterwards."""

    def settle(message: dict[str, Any], result: TryResult) -> Any:
        events = original(message, result)
        change(message, result)
        return events

    original = put(stack, results, "_settle", settle)


@_mutant("a try whose answer never came is repeated under a new id")
def _new_id_after_ambiguous(stack: ExitStack) -> None:
    def change(message: dict[str, Any], result: TryResult) -> None:
        if result.verdict is Verdict.AMBIGUOUS:
            message["epoch"] += 1

    _settling(stack, change)


@_mutant("a refusal for now is repeated under the same id")
def _same_id_after_refusal(stack: ExitStack) -> None:
    def change(message: dict[str, Any], result: TryResult) -> None:
        if result.verdict is Verdict.FOR_NOW:
            message["epoch"] -= 1

    _settling(stack, change)


def _duplicate_means(stack: ExitStack, verdict: answers.Verdict, state: State) -> None:
    def settled(_self: Any, _channel: Any, _leased: Any, found: Sequence[Any]) -> list[Any]:
        return [
            replace(each, verdict=verdict, state=state)
            if each.verdict is answers.Verdict.DUPLICATE
            else each
            for each in found
        ]

    put(stack, Delivery, "_settled", settled)


@_mutant("a duplicate id counts as success")
def _duplicate_as_success(stack: ExitStack) -> None:
    _duplicate_means(stack, answers.Verdict.ACCEPTED, State.ACCEPTED)


@_mutant("a duplicate id counts as a refusal, and the next id is tried")
def _duplicate_as_failure(stack: ExitStack) -> None:
    _duplicate_means(stack, answers.Verdict.FOR_NOW, State.QUEUED)


@_mutant("a duplicate id counts as rejected for good")
def _duplicate_as_rejected(stack: ExitStack) -> None:
    _duplicate_means(stack, answers.Verdict.REJECTED, State.REJECTED)


@_mutant("a time-out counts as a failure")
def _ambiguous_as_failure(stack: ExitStack) -> None:
    put(stack, Delivery, "_ambiguous", lambda *_: Verdict.REJECTED)


@_mutant("a 5xx or a time-out is surely not sent")
def _ambiguous_as_not_sent(stack: ExitStack) -> None:
    def change(message: dict[str, Any], result: TryResult) -> None:
        if result.verdict is Verdict.AMBIGUOUS:
            message["state"] = State.QUEUED

    _settling(stack, change)


@_mutant("texts are taken without a claim, and any result counts")
def _no_claim(stack: ExitStack) -> None:
    def lease(self: Store, *given: Any, **named: Any) -> Any:
        return original(self, *given, **{**named, "seconds": 0.0})

    original = put(stack, outbox.Outbox, "lease", lease)
    _any_token(stack)


def _any_token(stack: ExitStack) -> None:
    def locked(self: Any, connection: Any, tries: Sequence[TryResult]) -> Any:
        tokens = {each.leased.row: each.leased.token for each in tries}
        return [
            {**row, "lease_token": tokens[row["id"]]} for row in original(self, connection, tries)
        ]

    original = put(stack, results.Results, "_locked", locked)


@_mutant("a result counts though the lease is another's by now")
def _late_result_counts(stack: ExitStack) -> None:
    _any_token(stack)


@_mutant("texts of a contact don't wait for each other")
def _no_order(stack: ExitStack) -> None:
    def row(message: Any, due: Any) -> Any:
        return {**original(message, due), "order_key": None}

    original = put(stack, saving, "outbox_row", row)


# --- the gate -------------------------------------------------------------------------------------


@_mutant("STOP says nothing to texts that wait, and nobody looks when they leave")
def _no_gate(stack: ExitStack) -> None:
    put(stack, outbox, "_gate", lambda *_: None)
    put(stack, SimulatedDatabase, "guarded", False)
    put(stack, saving, "_refusals", lambda *_: [])


@_mutant("a text that may be out is called refused by the gate")
def _uncertain_is_refused(stack: ExitStack) -> None:
    def gate(*given: Any) -> Any:
        refusal = original(*given)
        return refusal and replace(refusal, may_be_out=False)

    original = put(stack, outbox, "_gate", gate)

    def refusals(*given: Any) -> Any:
        return [replace(each, may_be_out=False) for each in from_batch(*given)]

    from_batch = put(stack, saving, "_refusals", refusals)


@_mutant("STOP takes texts out of the outbox that are being sent")
def _stop_ignores_leases(stack: ExitStack) -> None:
    def refusals(changes: Changes, waiting: Any, known: Any) -> Any:
        return original(
            changes, [Pretending(row, leased=False, lease_token=None) for row in waiting], known
        )

    original = put(stack, saving, "_refusals", refusals)


# --- time and the sweep ---------------------------------------------------------------------------


@_mutant("a timer of a wait that is over still fires")
def _stale_timers(stack: ExitStack) -> None:
    def timer(turn: Any, event: Any) -> None:
        session = turn.conversation.session(event.session)
        if session is not None and session.waiting is not None:
            event = replace(event, serial=session.waiting.serial)
        original(turn, event)

    original = put(stack, machine, "_timer", timer)


@_mutant("the sweep does not look into the inbox")
def _no_sweep_of_inbox(stack: ExitStack) -> None:
    def inbox(self: Nudger, *, force: bool = False) -> None:
        if not force:
            original(self)

    original = put(stack, Nudger, "inbox", inbox)


@_mutant("the sweep does not look for texts that are stuck")
def _no_sweep_of_outbox(stack: ExitStack) -> None:
    def providers(self: Nudger, names: Any, *, force: bool = False) -> None:
        if not force:
            original(self, names)

    original = put(stack, Nudger, "providers", providers)


@_mutant("there is no sweep at all")
def _no_sweep(stack: ExitStack) -> None:
    put(stack, Sweep, "once", lambda *_args, **_kwargs: None)


@_mutant("a lease never runs out")
def _leases_for_ever(stack: ExitStack) -> None:
    put(stack, delivery, "LEASE", timedelta(days=1000).total_seconds())


MUTANTS |= TIMES
