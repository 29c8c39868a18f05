"""What happens when an inbox row is due: the story of a message, top to bottom.

One call of `work` is one transaction:

1. lock partitions of the inbox that have rows due and that nobody works on, so that one contact's
   events never run at the same time or out of order;
2. read the rows that are due there, in order;
3. load the contacts, sessions and messages that they touch, one query each;
4. let the engine, a pure function, advance each conversation row by row;
5. write all effects in bulk, delete the rows, commit.

A crash at any point leaves everything as it was before, and the sweep brings the rows back. A row
that the engine stumbles over is left out of the batch and counted; the third time it goes to the
dead letters, and its partition goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any, assert_never

import structlog

from smsflow import audience, clicks, desk
from smsflow.audience import start_requested
from smsflow.blaming import kind_of, refuse_to_blame
from smsflow.clock import Clock
from smsflow.concerned import issued, message_ids, message_of
from smsflow.engine.effects import (
    ConsentChanged,
    DropQueued,
    Effect,
    Emitted,
    Errand,
    HandedOff,
    HandoffClosed,
    HandoffMoved,
    Logged,
    RequestAnswered,
    SendAgain,
    SendText,
    SetTimer,
    StartFlow,
    TextMasked,
    Traced,
)
from smsflow.engine.events import (
    CodePosted,
    ErrandDone,
    Event,
    EventHappened,
    NoReport,
    ReportArrived,
    Sent,
    TextReceived,
    TimerDue,
)
from smsflow.engine.machine import advance
from smsflow.engine.model import Flow
from smsflow.engine.state import Conversation, decode
from smsflow.engine.world import World
from smsflow.errors import Conflict
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.rows import Changes, InboxRow, Kind, Message, MovedForward, NewRow
from smsflow.store.store import Batch
from smsflow.store.writing import EVERYBODY

BATCH = 200  # rows in one transaction

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}  # of the verb `log`

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worked:
    """What one transaction did: rows worked off, our numbers that have texts to send now, and
    whether there are errands to do."""

    rows: int
    numbers: frozenset[str]
    errands: bool = False


class Conversations:
    """Works off inbox rows. `version_of` finds older versions of flows that sessions still run."""

    def __init__(
        self,
        store: Store,
        world: Callable[[], World],
        version_of: Callable[[str, str], Flow | None],
        *,
        clock: Clock,
        rng: Random,
    ) -> None:
        self._store = store
        self._world = world
        self._version_of = version_of
        self._clock = clock
        self._rng = rng

    def work(self) -> Worked:
        """Work off rows that are due now, at most a batch of them; none when others have them.

        Raises Conflict when the database is out of reach.
        """
        try:
            return self._transaction(BATCH, [])
        except Conflict:
            raise
        except Exception as error:
            refuse_to_blame(error)
            log.warning("batch_refused", error=kind_of(error))
            return self._one_by_one()

    def _one_by_one(self) -> Worked:
        """A batch can't be written: find the row that is at fault, and let others through."""
        rows, numbers, errands = 0, frozenset[str](), False
        for _ in range(BATCH):
            taken: list[InboxRow] = []
            try:
                worked = self._transaction(1, taken)
            except Conflict:
                raise
            except Exception as error:
                refuse_to_blame(error)
                if not taken:
                    raise
                log.warning("row_refused", row=taken[0].id, error=kind_of(error))
                self._store.failed(taken[0], f"it can't be written: {kind_of(error)}: {error}")
                worked = Worked(1, frozenset())
            if not worked.rows:
                break
            rows, numbers = rows + worked.rows, numbers | worked.numbers
            errands = errands or worked.errands
        return Worked(rows, numbers, errands)

    def _transaction(self, limit: int, taken: list[InboxRow]) -> Worked:
        """One transaction over `limit` rows at the most, which `taken` then holds."""
        now = self._clock.now()
        failures: list[tuple[InboxRow, str]] = []
        with self._store.work(now, limit) as batch:
            if not batch.rows:
                return Worked(0, frozenset())
            taken += batch.rows
            sitting = _Sitting(self._world(), batch, now, self._rng)
            sitting.bring_versions(self._version_of)
            for row in batch.rows:
                try:
                    sitting.take(row)
                except Exception as error:
                    # What it says may quote a text or a number, which belong in the database alone.
                    log.error("row_failed", row=row.id, kind=row.kind, error=kind_of(error))
                    failures.append((row, f"{type(error).__name__}: {error}"))
            batch.save(sitting.changes)
        for row, reason in failures:
            self._store.failed(row, reason)
        errands = bool(sitting.changes.errands)
        return Worked(len(batch.rows), sitting.numbers_to_send(now), errands)


class _Sitting:
    """One batch in memory: the conversations as they stand, and all that has to be written."""

    def __init__(self, world: World, batch: Batch, now: datetime, rng: Random) -> None:
        self.changes = Changes()
        self._world = world
        self._batch = batch
        self._now = now
        self._rng = rng
        self._conversations = batch.conversations({row.contact for row in batch.rows})
        self._messages = batch.messages(message_ids(batch.rows))

    def bring_versions(self, version_of: Callable[[str, str], Flow | None]) -> None:
        """Have the flow versions at hand that open sessions began with."""
        wanted = {
            (session.flow, session.version)
            for conversation in self._conversations.values()
            for session in conversation.sessions
            if self._world.flow(session.flow, session.version) is None
        }
        found = [flow for name, version in wanted if (flow := version_of(name, version))]
        if found:
            self._world = self._world.with_pinned(found)

    def take(self, row: InboxRow) -> None:
        """Let one row happen to its conversation. What raises here leaves nothing behind."""
        if row.contact == EVERYBODY:
            self.changes.further += audience.rows_for_each(self._world, self._batch, row, self._now)
            self.changes.finished.append(row.id)
            return
        if row.kind is Kind.CLICK:
            self._clicked(row)
            return
        event, moved = self._event(row)
        if isinstance(event, ReportArrived | NoReport) and event.sent.to is not None:
            event = self._passed_on(row, event)
        if event is not None:
            self._happen(row.contact, event)
        if moved is not None:
            self.changes.moved.append(moved)
            self._messages[moved.message] = moved.of(self._messages[moved.message])
        self.changes.finished.append(row.id)

    def _happen(self, phone: str, event: Event) -> None:
        conversation = self._conversations[phone]
        changed, effects = advance(self._world, conversation, event, now=self._now, rng=self._rng)
        self._note(phone, conversation, changed)
        for effect in effects:
            self._interpret(phone, effect)
        if isinstance(event, TextReceived):
            masked = (each.text for each in effects if isinstance(each, TextMasked))
            kept = next(masked, event.text)
            self.changes.received.append((phone, event.number, kept, event.at))

    def _clicked(self, row: InboxRow) -> None:
        """Somebody followed a link in a text of ours."""
        message = self._of_wire_id(row)
        if message is not None:
            found = clicks.followed(self._world, message, row.payload, self._now)
            if found.event is not None:
                self._happen(row.contact, found.event)
            self.changes.clicks.append(found.click)
            self.changes.traced.append((message.owner or row.contact, found.line))
            self.changes.further += found.further
        self.changes.finished.append(row.id)

    def _of_wire_id(self, row: InboxRow) -> Message | None:
        """The text to that contact which has the wire id; a row about none is put aside."""
        wire_id: str = row.payload["wire_id"]
        message = self._messages.get(message_of(wire_id))
        if message is None or message.contact != row.contact or not issued(message, wire_id):
            self._batch.unplaced(row)
            return None
        return message

    def _passed_on(self, row: InboxRow, event: ReportArrived | NoReport) -> Event | None:
        """The fate of a text that went to somebody else is news to the contact whose session sent
        it: in a row of theirs, whose conversation another worker may have now."""
        owner = self._messages[event.sent.message].owner
        if owner is None or owner == row.contact:
            return event
        payload: dict[str, Any] = {"message": event.sent.message}
        kind = Kind.NO_REPORT
        if isinstance(event, ReportArrived):
            kind = Kind.REPORT
            payload |= {"state": event.state, "error": event.error}
        self.changes.further.append(NewRow(kind, owner, payload, self._now))
        return None

    # --- from a row to an event ------------------------------------------------------------------

    def _event(self, row: InboxRow) -> tuple[Event | None, MovedForward | None]:
        """What the row means, and the message that it moves forward."""
        payload = row.payload
        match row.kind:
            case Kind.MO:
                return TextReceived(payload["text"], self._number(payload), row.due), None
            case Kind.DLR:
                return self._delivery_report(row)
            case Kind.REPORT:
                message = self._messages.get(payload["message"])
                if message is None:
                    return None, None
                state = State(payload["state"])
                return ReportArrived(self._sent(message), state, payload.get("error")), None
            case Kind.NO_REPORT:
                message = self._messages.get(payload["message"])
                return (None if message is None else NoReport(self._sent(message))), None
            case Kind.TIMER:
                return TimerDue(payload["session"], payload["serial"], payload["name"]), None
            case Kind.START:
                return start_requested(payload), None
            case Kind.EVENT:
                return EventHappened(payload["name"], decode(payload["data"])), None
            case Kind.AUDIENCE | Kind.CLICK:
                return None, None  # `take` has them
            case Kind.CODE:
                session, code, ticket = payload["session"], payload["code"], payload["request"]
                return CodePosted(session, code, ticket, row.due), None
            case Kind.ERRAND_DONE:
                return _errand_done(payload), None
            case Kind.AGENT:
                return desk.event_of(payload), None
            case _:
                assert_never(row.kind)

    def _number(self, payload: Mapping[str, Any]) -> str:
        """The name that our number has now; what is in the files may have changed meanwhile."""
        address, name = payload.get("address"), payload["number"]
        found = self._world.project.number_at(address, name)
        if found is None:
            raise LookupError(f"smsflow.yaml has no number '{name}' ({address or 'no address'})")
        return found

    def _delivery_report(self, row: InboxRow) -> tuple[Event | None, MovedForward | None]:
        """A report moves its message forward or does nothing; some are news to the flow."""
        message = self._of_wire_id(row)
        if message is None:
            return None, None
        state, error = State(row.payload["state"]), row.payload.get("error")
        if not message.state.may_become(state):
            return None, None
        moved = MovedForward(message.id, state, error, self._now, row.payload.get("status"))
        why = error or (None if state is State.DELIVERED else moved.status)
        return ReportArrived(self._sent(message), state, why) if state.told else None, moved

    def _sent(self, message: Message) -> Sent:
        """What the engine needs to know; a chain is over when an earlier text of it arrived."""
        over = message.replaced or self._arrived_before(message)
        return Sent(
            message.id,
            message.root,
            message.session,
            message.state,
            message.plan,
            message.kind,
            message.flow,
            message.step,
            over,
            message.contact if message.owner is not None else None,
        )

    def _arrived_before(self, message: Message) -> bool:
        while message.replaces is not None:
            if message.replaces not in self._messages:
                self._messages.update(self._batch.messages([message.replaces]))
            message = self._messages[message.replaces]
            if message.state is State.DELIVERED:
                return True
        return False

    # --- from effects to rows --------------------------------------------------------------------

    def _note(self, phone: str, before: Conversation, after: Conversation) -> None:
        """Remember what changed, and go on with the sessions that are still open."""
        if after.contact != before.contact:
            self.changes.contacts[phone] = after.contact
        old = {session.id: session for session in before.sessions}
        for session in after.sessions:
            if old.get(session.id) != session:
                self.changes.sessions[session.id] = (phone, session)
        live = [session for session in after.sessions if session.live]
        self._conversations[phone] = Conversation(after.contact, live)

    def _interpret(self, phone: str, effect: Effect) -> None:
        changes = self.changes
        match effect:
            case SendText():
                changes.texts.append((phone, effect))
            case SendAgain():
                changes.again.append(effect)
                replaced = self._messages[effect.replaces]
                self._messages[effect.replaces] = replace(replaced, replaced=True)
            case SetTimer():
                changes.timers.append((phone, effect))
            case DropQueued():
                changes.dropped.append((phone, effect))
            case Errand():
                changes.errands.append((phone, effect))
            case ConsentChanged():
                changes.consent.append((phone, effect))
            case StartFlow():
                changes.further.append(audience.start_row(effect))
            case Emitted():
                changes.further.append(audience.event_row(effect.name, effect.data, self._now))
            case HandedOff() | HandoffMoved() | HandoffClosed():
                changes.handoffs.append((phone, effect))
            case RequestAnswered():
                changes.answered.append(effect)
            case Logged():
                says = {"session": effect.session, "flow": effect.flow, "step": effect.step}
                log.log(_LEVELS[effect.level], "flow_says", text=effect.text, **says)
            case TextMasked():
                pass  # `take` keeps the text in these words
            case Traced():
                changes.traced.append((phone, effect))
            case _:
                assert_never(effect)

    def numbers_to_send(self, now: datetime) -> frozenset[str]:
        """Our numbers that have new texts which may leave already."""
        made: list[SendText | SendAgain] = [effect for _, effect in self.changes.texts]
        made += self.changes.again
        return frozenset(effect.plan.number for effect in made if effect.due <= now)


def _errand_done(payload: dict[str, Any]) -> ErrandDone:
    session, serial, errand = payload["session"], payload["serial"], payload["errand"]
    return ErrandDone(session, serial, errand, payload["result"])
