"""A whole smsflow for one contact, in memory, with a clock that is moved by hand.

It does what the store, the workers and the provider do in earnest: keeps the conversation, its
timers and its texts, lets time pass in order, releases texts when quiet hours end, and tells the
engine of reports. Transcripts (`smsflow test`), the conversation in a terminal (`smsflow chat`)
and the engine's own tests run on it, so they show what the engine does and nothing else.

Between any two events everything goes through JSON, as it does between two workers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, assert_never

from smsflow.engine import addressing, clicks, clockwork, errands, policy, triggering
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
    AgentClosed,
    AgentSaid,
    CodePosted,
    ErrandDone,
    Event,
    EventHappened,
    NoReport,
    ReportArrived,
    Sent,
    StartRequested,
    TextReceived,
    TimerDue,
)
from smsflow.engine.machine import advance
from smsflow.engine.model import Duration
from smsflow.engine.moving import moved
from smsflow.engine.state import Contact, Conversation, Session, decode
from smsflow.engine.transcripts.coverage import Reached
from smsflow.engine.transcripts.kept import Alarm, SimulatedText, TraceLine
from smsflow.engine.transcripts.services import MadeCall, Outside, data_of, words_of
from smsflow.engine.world import Route, World
from smsflow.sms.states import State


@dataclass(slots=True)
class Simulator:
    """The world of one contact. All methods take effect at `now`."""

    world: World
    contact: Contact
    now: datetime
    rng: Random
    outside: Outside = field(default_factory=Outside)
    calls: list[MadeCall] = field(default_factory=list)
    sent: list[SimulatedText] = field(default_factory=list)  # in the order in which they left
    trace: list[TraceLine] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # results of requests
    logged: list[Logged] = field(default_factory=list)
    emitted: list[Emitted] = field(default_factory=list)
    started: list[StartFlow] = field(default_factory=list)  # by flows, with whomever
    handed: list[HandedOff] = field(default_factory=list)
    moved: list[HandoffMoved | HandoffClosed] = field(default_factory=list)  # of handoffs
    consent: list[ConsentChanged] = field(default_factory=list)
    sessions: dict[str, Session] = field(default_factory=dict)  # also those that have ended
    reached: Reached = field(default_factory=Reached)
    _texts: dict[str, SimulatedText] = field(default_factory=dict)
    _alarms: list[Alarm] = field(default_factory=list)
    _counter: int = 0

    def __post_init__(self) -> None:
        """The clock begins to run."""
        self._wind_up()

    # --- what happens ----------------------------------------------------------------------------

    def text(self, text: str, number: str | None = None) -> None:
        """The contact texts us, on the number where they last heard from us if none is named."""
        heard = [each.via for each in self.sent if each.effect.to is None]
        last = heard[-1] if heard else next(iter(self.world.project.numbers))
        self._happen(TextReceived(text, number or last, self.now))

    def start(self, flow: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Start a flow by its name, as whatever may start it so does: see `way_to_start`.

        The result has `started`, and `reason` if it is False.
        """
        session, seen = self._id(), len(self.trace)
        known = self.world.flows.get(flow)
        kind = (known and triggering.way_to_start(self.world, known)) or "api"
        self._happen(StartRequested(flow, session, inputs, kind=kind))
        refused = [each.line.detail for each in self.trace[seen:] if each.line.what == "refused"]
        if session in self.sessions:
            return {"started": True}
        return {"started": False, "reason": refused[0].removeprefix(f"{flow}: ")}

    def event(self, name: str, data: Mapping[str, Any]) -> bool:
        """An event comes in; False when it is not about this contact."""
        if self.contact.phone not in addressing.phones(self.world, name, data, self.now):
            return False
        self._happen(EventHappened(name, data))
        return True

    def click(self, text: SimulatedText, url: str) -> bool:
        """Somebody follows a link in that text; False when no flow hears of it."""
        made, phone = text.effect, self.contact.phone
        data = clicks.data_of(
            made.to or phone,
            phone,
            text.root,
            flow=made.flow,
            step=made.step,
            url=url,
            at=self.now,
        )
        return self.event(clicks.EVENT, data)

    def verify(self, code: str) -> dict[str, Any]:
        """Post a code as the web application does, for the session that waits for one."""
        waiting = [
            each.id
            for each in self.sessions.values()
            if each.waiting is not None and each.waiting.kind == "code"
        ]
        request = self._id()
        self._happen(CodePosted(waiting[-1] if waiting else "", code, request, self.now))
        return self.answers[request]

    def agent(self, text: str | None, by: str = "") -> bool:
        """The person who took over last texts, or is done (None); False when there is nobody."""
        over = {each.handoff for each in self.moved if isinstance(each, HandoffClosed)}
        held = [each.handoff for each in self.handed if each.handoff not in over]
        if held and text is None:
            self._happen(AgentClosed(held[-1], by, self._id()))
        elif held and text is not None:
            self._happen(AgentSaid(held[-1], text, by, self._id()))
        return bool(held)

    def emit(self, name: str, data: Mapping[str, Any]) -> None:
        """An event happens that concerns the contact."""
        self._happen(EventHappened(name, data))

    def report(self, text: SimulatedText, state: State, error: str | None = None) -> None:
        """A delivery report comes for that text; one that is no news changes nothing."""
        if not text.state.may_become(state):
            return
        sent = self._facts(text)
        text.state = state
        if state.told:
            self._happen(ReportArrived(sent, state, error))

    def move_to(self, moment: datetime) -> None:
        """Let time pass until `moment`; whatever is due on the way happens in order."""
        while self._alarms:
            alarm = min(self._alarms, key=lambda each: (each.due, each.order))
            if alarm.due > moment:
                break
            self._alarms.remove(alarm)
            self.now = max(self.now, alarm.due)
            self._ring(alarm)
        self.now = max(self.now, moment)

    def move(self, length: Duration) -> None:
        """Let a length of time pass, days on the contact's calendar."""
        self.move_to(length.after(self.now, self._zone()))

    def next_due(self) -> datetime | None:
        """When the next timer is due or the next text leaves."""
        return min((each.due for each in self._alarms), default=None)

    def restart(self) -> None:
        """The worker dies and comes back: all that counts is what was stored."""
        self.contact = _reborn(Conversation(self.contact)).contact

    def deploy(self, world: World) -> None:
        """New versions of flows go live; open sessions stay with theirs, or follow."""
        older = {
            (flow.name, flow.version): flow
            for flow in (*self.world.pinned.values(), *self.world.flows.values())
        }
        self.world = replace(world, pinned=older)
        self._wind_up()

    def carry_over(self, session: str) -> str:
        """Move a session to the newest version of its flow, as `smsflow sessions move` does; why
        that can't be done, or ''."""
        open_one = self.sessions[session]
        newest = self.world.flows.get(open_one.flow)
        if newest is None or newest.version == open_one.version:
            return ""
        after, effects, why_not = moved(
            self.world, self._before(), session, newest, now=self.now, rng=self.rng
        )
        if not why_not:
            self._take(after, effects)
        return why_not

    def _wind_up(self) -> None:
        """Set an alarm for every schedule."""
        self._alarms = [each for each in self._alarms if each.route is None]
        for route in self.world.routes_of("schedule"):
            self._set_schedule(route)

    def _set_schedule(self, route: Route) -> None:
        schedule = route.trigger.schedule
        if schedule is not None:
            due = next(clockwork.times(schedule.cron, schedule.zone or self._zone(), self.now))
            self._counter += 1
            self._alarms.append(Alarm(due, self._counter, None, route=route))

    def _begin_by_clock(self, route: Route) -> None:
        self._set_schedule(route)
        start = triggering.by_clock(self.world, route, self._id(), self.now)
        self._happen(triggering.requested(start))

    def _zone(self) -> str:
        return policy.zone_of(
            self.contact.phone, known=self.contact.timezone, project=self.world.project.timezone
        )

    # --- how it goes on --------------------------------------------------------------------------

    def _happen(self, event: Event) -> None:
        self._take(*advance(self.world, self._before(), event, now=self.now, rng=self.rng))

    def _before(self) -> Conversation:
        """The conversation as a worker reads it."""
        live = [each for each in self.sessions.values() if each.live]
        return _reborn(Conversation(self.contact, live))

    def _take(self, after: Conversation, effects: list[Effect]) -> None:
        self.contact = after.contact
        self.sessions.update({each.id: each for each in after.sessions})
        self.reached.note(after.sessions, effects)
        for effect in effects:
            self._interpret(effect)
        self.move_to(self.now)

    def _ring(self, alarm: Alarm) -> None:
        if alarm.route is not None:
            self._begin_by_clock(alarm.route)
        elif alarm.errand is not None:
            self._do(alarm.errand, alarm.tries)
        elif alarm.event is None:
            self._leave(self._texts[alarm.text])
        elif isinstance(alarm.event, NoReport):
            text = self._texts[alarm.event.sent.message]
            self._happen(NoReport(self._facts(text)))
        else:
            self._happen(alarm.event)

    def _leave(self, text: SimulatedText) -> None:
        """The claim: the gate is asked at the last moment."""
        if text.state is not State.QUEUED:
            return
        theirs = text.effect.to is None
        if self.contact.opted_out and theirs and not text.effect.passes_block:
            self._refuse(text, State.REFUSED, "opted out")
        elif text.effect.expires is not None and text.effect.expires <= self.now:
            self._refuse(text, State.EXPIRED, "expired before it could leave")
        else:
            text.state, text.sent_at = State.ACCEPTED, self.now
            self.sent.append(text)
            due = text.plan.report_due(self.now, text.effect.options.send_at)
            if due is not None:
                self._alarm(due, NoReport(self._facts(text)))

    def _refuse(self, text: SimulatedText, state: State, error: str) -> None:
        sent = self._facts(text)
        text.state = state
        self._happen(ReportArrived(sent, state, error))

    def _interpret(self, effect: Effect) -> None:
        match effect:
            case SendText():
                root = effect.message
                self._queue(SimulatedText(root, root, effect, effect.plan, effect.due))
            case SendAgain():
                first = self._texts[effect.replaces]
                first.replaced = True
                made = replace(first.effect, text=effect.text or first.effect.text)
                self._queue(
                    SimulatedText(effect.message, first.root, made, effect.plan, effect.due)
                )
            case SetTimer():
                self._alarm(effect.due, TimerDue(effect.session, effect.serial, effect.name))
            case DropQueued():
                self._drop(effect)
            case ConsentChanged():
                self.consent.append(effect)
            case StartFlow():
                self.started.append(effect)
                if effect.phone in (None, self.contact.phone):
                    self._alarm(effect.due, triggering.requested(effect))
            case Emitted():
                self.emitted.append(effect)
                data = decode(effect.data)
                if self.contact.phone in addressing.phones(self.world, effect.name, data, self.now):
                    self._alarm(self.now, EventHappened(effect.name, data))
            case Errand():
                self._alarm(effect.due, None, errand=effect)
            case HandedOff():
                self.handed.append(effect)
            case HandoffMoved() | HandoffClosed():
                self.moved.append(effect)
            case RequestAnswered():
                self.answers[effect.request] = effect.result
            case Logged():
                self.logged.append(effect)
            case TextMasked():
                pass  # texts that came in are kept nowhere here
            case Traced():
                self.trace.append(TraceLine(self.now, effect))
            case _:
                assert_never(effect)

    def _do(self, errand: Errand, tries: int) -> None:
        """One try of an errand, and what follows on it."""
        if errand.kind == "action":
            result: errands.Result | float = self.outside.result(errand)
        elif errand.kind == "lookup":
            result = self.outside.known(errand.order)
        else:
            reply = self.outside.reply(errand.order)
            if tries == 0:
                words, data = words_of(errand.order), data_of(errand.order)
                made = MadeCall(self.now, errand.session, words, data, reply.status)
                self.calls.append(made)
            result = errands.result_of(errand.order, reply, tries + 1)
        if isinstance(result, float):
            due = self.now + timedelta(seconds=result)
            self._alarm(due, None, errand=errand, tries=tries + 1)
            return
        told = json.loads(json.dumps(result))
        self._happen(ErrandDone(errand.session, errand.serial, errand.errand, told))

    def _queue(self, text: SimulatedText) -> None:
        self._texts[text.id] = text
        self._alarm(text.due, None, text.id)

    def _drop(self, effect: DropQueued) -> None:
        for text in self._texts.values():
            others = text.effect.to is not None if effect.root is None else text.root != effect.root
            if others:
                continue
            if text.state is State.QUEUED and not text.effect.passes_block:
                text.state = State.REFUSED
            text.replaced = text.replaced or effect.root is not None

    def _alarm(
        self,
        due: datetime,
        event: Event | None,
        text: str = "",
        *,
        errand: Errand | None = None,
        tries: int = 0,
    ) -> None:
        self._counter += 1
        self._alarms.append(Alarm(due, self._counter, event, text, errand=errand, tries=tries))

    def _facts(self, text: SimulatedText) -> Sent:
        made = text.effect
        return Sent(
            text.id,
            text.root,
            made.session,
            text.state,
            text.plan,
            made.kind,
            made.flow,
            made.step,
            text.replaced,
            made.to,
        )

    def _id(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"


def _reborn(conversation: Conversation) -> Conversation:
    return Conversation.from_json(json.loads(json.dumps(conversation.to_json())))
