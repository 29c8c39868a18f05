"""Playing a transcript: what happens, what must follow, and a chat to look at when it doesn't.

Strict about silence: a text that goes out and is not expected fails the test, so nothing has to
be written to show that nothing is sent. A flow that breaks fails it too, unless the test expects
`end: failed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from smsflow.engine.language.literals import parse_duration
from smsflow.engine.language.reading import listed, suggest
from smsflow.engine.state import Session, decode
from smsflow.engine.transcripts.given import SEED, GivenInvalid, begin, moment
from smsflow.engine.transcripts.kept import SimulatedText, TraceLine
from smsflow.engine.transcripts.lines import REPORTS, Line
from smsflow.engine.transcripts.origin import origin
from smsflow.engine.transcripts.services import Outside, holds
from smsflow.engine.transcripts.shown import agrees, shown, shown_text, wish
from smsflow.engine.transcripts.simulator import Simulator
from smsflow.engine.transcripts.transcript import Transcript
from smsflow.engine.world import World
from smsflow.errors import Place

Deploy = Callable[[str, World], World]  # a flow's file and the world so far -> the next world

# What the trace tells that a reader of the chat wants to know as well.
TROUBLE = ("error", "handled", "refused")


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line of the chat: its moment, `->` out, `<-` in or `--` anything else, and the words."""

    at: datetime
    arrow: str
    text: str


@dataclass(slots=True)
class Played:
    """How a test went. `place` is where it failed, `reason` what was expected there, `got` what
    came instead (None: nothing can be said), `source` what sent the text, `zone` the contact's.
    """

    test: Transcript
    passed: bool = True
    place: Place | None = None
    reason: str = ""
    got: str | None = None
    source: str = ""
    zone: str = "UTC"
    chat: list[ChatLine] = field(default_factory=list)


class _Failed(Exception):
    def __init__(
        self, place: Place, reason: str, *, got: str | None = None, source: str = ""
    ) -> None:
        self.place, self.reason, self.got, self.source = place, reason, got, source


def play(
    test: Transcript, world: World, *, deploy: Deploy | None = None, seed: int = SEED
) -> Played:
    """Play one test. `deploy` puts the flow of a file into the world."""
    played = Played(test)
    try:
        _Player(test, world, deploy, seed, played).play()
    except _Failed as failure:
        played.passed = False
        played.place = failure.place
        played.reason = failure.reason
        played.got = failure.got
        played.source = failure.source
    return played


class _Player:
    def __init__(
        self, test: Transcript, world: World, deploy: Deploy | None, seed: int, played: Played
    ) -> None:
        if test.flow not in world.flows:
            hint = suggest(test.flow, world.flows, f"the project has: {listed(world.flows)}")
            raise _Failed(test.place, f"there is no flow '{test.flow}'; {hint}")
        try:
            start = begin(test.given, world.project, world.flows.values(), seed=seed)
        except GivenInvalid as error:
            raise _Failed(test.place_of(error.path), f"given: {error}") from None
        self._test = test
        self._deploy = deploy
        self._played = played
        self._zone = played.zone = start.zone
        outside = Outside(
            test.given.get("http", {}), test.given.get("actions", {}), world.extension.actions
        )
        self._sim = Simulator(world, start.contact, start.now, start.rng, outside)
        self._checked = 0  # texts that a line has spoken of
        self._heard = 0  # events of the flows that a line has spoken of
        self._called = 0  # calls that a line has spoken of
        self._listed = 0  # calls that stand in the chat
        self._handed = 0  # handoffs that a line has spoken of
        self._shown = 0
        self._traced = 0

    # --- playing ---------------------------------------------------------------------------------

    def play(self) -> None:
        """Every line in order; at the end nothing may be left over."""
        if "start" in self._test.given:
            self._start(self._test.given["start"])
            self._show()
        for line in self._test.lines:
            if line.happens:
                self._nothing_unexpected(line.place)
                self._happen(line)
                self._show()
            else:
                self._check(line)
        last = self._test.lines[-1].place
        self._nothing_unexpected(last)
        self._nothing_broken(last)

    def _show(self) -> None:
        """Add to the chat what has been sent since, and what went wrong."""
        news = [
            ChatLine(text.sent_at or self._sim.now, "->", shown_text(text))
            for text in self._sim.sent[self._shown :]
        ]
        news += [
            ChatLine(line.at, "--", f"{line.line.what}: {line.line.detail}")
            for line in self._trouble(self._traced)
        ]
        news += [
            ChatLine(call.at, "--", f"{call.shown}: {call.status}")
            for call in self._sim.calls[self._listed :]
        ]
        self._listed = len(self._sim.calls)
        self._played.chat += sorted(news, key=lambda line: line.at)
        self._shown, self._traced = len(self._sim.sent), len(self._sim.trace)

    def _trouble(self, since: int) -> list[TraceLine]:
        return [line for line in self._sim.trace[since:] if line.line.what in TROUBLE]

    def _note(self, text: str) -> None:
        self._played.chat.append(ChatLine(self._sim.now, "--", text))

    def _nothing_unexpected(self, place: Place) -> None:
        if self._checked < len(self._sim.sent):
            text = self._sim.sent[self._checked]
            reason = f"unexpected text: {text.effect.text}"
            raise _Failed(place, reason, source=self._source(text))
        if self._called < len(self._sim.calls):
            call = self._sim.calls[self._called]
            raise _Failed(place, f"unexpected call: {call.shown}")

    def _nothing_broken(self, place: Place) -> None:
        if any(line.word == "end" and line.value == "failed" for line in self._test.lines):
            return
        for trouble in self._trouble(0):
            line = trouble.line
            if line.what == "error":
                where = str(line.place) if line.place else ""
                raise _Failed(place, f"the flow failed: {line.detail}", source=where)

    def _source(self, text: SimulatedText) -> str:
        session = self._sim.sessions.get(text.effect.session or "")
        flow = self._sim.world.flow(session.flow, session.version) if session else None
        return origin(flow, text.effect)

    # --- what happens ----------------------------------------------------------------------------

    def _happen(self, line: Line) -> None:
        match line.word:
            case "start":
                self._start(line.value)
            case "in":
                self._text(line)
            case "after":
                length = parse_duration(line.value)
                if length is not None:  # never None: reading has checked it
                    self._sim.move(length)
            case "at":
                self._move_to(line)
            case "dlr":
                self._report(line)
            case "event":
                self._event(line)
            case "verify":
                result = self._sim.verify(line.value)
                self._note(f"verify {line.value}: {result['result']}")
            case "agent":
                self._agent(line)
            case "restart":
                self._note("the worker dies and comes back")
                self._sim.restart()
            case "deploy":
                self._go_live(line)

    def _start(self, inputs: dict[str, Any]) -> None:
        self._note(f"start {self._test.flow}")
        self._sim.start(self._test.flow, inputs)

    def _text(self, line: Line) -> None:
        number, numbers = line.value.get("to"), self._sim.world.project.numbers
        if number is not None and number not in numbers:
            hint = suggest(number, numbers, f"the project has: {listed(numbers)}")
            raise _Failed(line.place_of("to"), f"there is no number '{number}'; {hint}")
        self._played.chat.append(ChatLine(self._sim.now, "<-", line.value["text"]))
        self._sim.text(line.value["text"], number)

    def _event(self, line: Line) -> None:
        ((name, data),) = line.value.items()
        reached = self._sim.event(name, data)
        self._note(f"event {name}" if reached else f"event {name}: not about this contact")

    def _agent(self, line: Line) -> None:
        text = line.value.get("text")
        self._note("agent is done" if text is None else f"agent: {text}")
        if not self._sim.agent(text):
            raise _Failed(line.place, "no person holds the conversation: no handoff is open")

    def _move_to(self, line: Line) -> None:
        there = moment(line.value, self._zone)
        if there < self._sim.now:
            raise _Failed(line.value_place, f"'{line.value}' is past: a clock only goes forward")
        self._sim.move_to(there)

    def _report(self, line: Line) -> None:
        sent = self._sim.sent
        number = line.value.get("of", len(sent))
        if not 1 <= number <= len(sent):
            reason = f"there is no text {number} to report on" if sent else "nothing was sent yet"
            raise _Failed(line.place_of("of"), reason)
        status = line.value["status"]
        self._note(f"report on text {number}: {status}")
        self._sim.report(sent[number - 1], REPORTS[status], line.value.get("error"))

    def _go_live(self, line: Line) -> None:
        if self._deploy is None:
            raise _Failed(line.place, "nothing can be deployed here")
        try:
            self._sim.deploy(self._deploy(line.value["flow"], self._sim.world))
        except ValueError as error:
            raise _Failed(line.place_of("flow"), str(error)) from None
        self._note(f"{line.value['flow']} goes live")
        if "move" in line.value:
            self._move_sessions(line)

    def _move_sessions(self, line: Line) -> None:
        """What `smsflow sessions move` does; the test fails when a session can't be moved."""
        for session in list(self._sim.sessions.values()):
            why_not = self._sim.carry_over(session.id) if session.live else ""
            if why_not:
                raise _Failed(line.place_of("move"), f"{session.flow} can't be moved: {why_not}")

    # --- what must follow ------------------------------------------------------------------------

    def _check(self, line: Line) -> None:
        match line.word:
            case "out":
                self._check_out(line)
            case "http":
                self._check_http(line)
            case "silent":
                self._nothing_unexpected(line.place)
            case "emit":
                self._check_emit(line)
            case "handoff":
                self._check_handoff(line)
            case "end":
                self._check_end(line)
            case "expect":
                for name, value in line.value.items():
                    self._check_value(line, name, value)

    def _check_out(self, line: Line) -> None:
        if self._checked >= len(self._sim.sent):
            wanted = ", ".join(wish(key, value) for key, value in line.value.items())
            raise _Failed(line.value_place, f"expected: {wanted}", got="nothing")
        text = self._sim.sent[self._checked]
        self._checked += 1
        if text.effect.to is not None and "to" not in line.value:
            reason, got = "expected: a text to the contact", f"to {text.effect.to}: "
            raise _Failed(line.value_place, reason, got=got + text.effect.text)
        for key, value in line.value.items():
            got = self._got(text, key)
            if not agrees(key, got, str(value)):
                reason, source = f"expected: {wish(key, value)}", self._source(text)
                raise _Failed(line.place_of(key), reason, got=got, source=source)

    def _check_http(self, line: Line) -> None:
        wanted = line.value["call"]
        if self._called >= len(self._sim.calls):
            raise _Failed(line.value_place, f"expected the call: {wanted}", got="nothing")
        call = self._sim.calls[self._called]
        self._called += 1
        if call.words != wanted:
            raise _Failed(line.value_place, f"expected the call: {wanted}", got=call.shown)
        if "body" in line.value and not holds(line.value["body"], call.data):
            reason = f"expected in {wanted}: {line.value['body']}"
            raise _Failed(line.value_place, reason, got=str(call.data))

    def _got(self, text: SimulatedText, key: str) -> str:
        match key:
            case "via":
                return text.via
            case "named":
                return text.effect.name or "a text of a flow"
            case "segments":
                return str(text.effect.options.segments(text.effect.text))
            case "to":
                return text.effect.to or self._sim.contact.phone
            case "lang":
                session = self._sim.sessions.get(text.effect.session or "")
                return session.language if session else self._own_language()
            case _:
                return text.effect.text

    def _own_language(self) -> str:
        """The language of a text that belongs to no session."""
        return self._sim.contact.language or self._sim.world.project.languages[0]

    def _session(self, line: Line) -> Session:
        ours = [each for each in self._sim.sessions.values() if each.flow == self._test.flow]
        if not ours:
            raise _Failed(line.place, f"no session of {self._test.flow} has begun")
        return ours[-1]

    def _check_emit(self, line: Line) -> None:
        ((name, wanted),) = line.value.items()
        news = self._sim.emitted[self._heard :]
        if not news:
            raise _Failed(line.value_place, f"expected the event: {name}", got="nothing")
        emitted, self._heard = news[0], self._heard + 1
        if emitted.name != name:
            raise _Failed(line.value_place, f"expected the event: {name}", got=emitted.name)
        data = decode(emitted.data)
        for key, value in wanted.items():
            if not self._same(data.get(key), value):
                reason = f"expected {key}: {shown(value)}"
                raise _Failed(line.value_place, reason, got=shown(data.get(key)))

    def _check_handoff(self, line: Line) -> None:
        news = self._sim.handed[self._handed :]
        if not news:
            raise _Failed(line.value_place, "expected a handoff", got="nothing")
        handed, self._handed = news[0], self._handed + 1
        for key, value in line.value.items():
            got = str(getattr(handed, key))
            if got != value:
                raise _Failed(line.place_of(key), f"expected {wish(key, value)}", got=got)

    def _check_end(self, line: Line) -> None:
        session = self._session(line)
        if session.outcome == line.value:
            return
        at = f"waits at '{session.waiting.step}'" if session.waiting else "has not begun"
        got = session.outcome or f"nothing, it {at}"
        raise _Failed(line.value_place, f"expected the end: {line.value}", got=got)

    def _check_value(self, line: Line, name: str, wanted: Any) -> None:
        actual = self._actual(name, line)
        if not self._same(actual, wanted):
            reason = f"expected {name}: {shown(wanted)}"
            raise _Failed(line.place_of(name), reason, got=shown(actual))

    def _actual(self, name: str, line: Line) -> Any:
        scope, _, rest = name.partition(".")
        if scope != "contact":
            found: Any = self._session(line).variables
            for part in name.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            return found
        contact = self._sim.contact
        if rest in ("language", "timezone", "groups", "opted_out"):
            return getattr(contact, rest)
        if rest == "subscribed":
            return contact.lists
        declared = self._sim.world.project.fields.get(rest)
        return contact.fields.get(rest, declared.default if declared else None)

    def _same(self, actual: Any, wanted: Any) -> bool:
        if isinstance(actual, datetime):
            try:
                return actual == moment(wanted, self._zone)
            except ValueError:
                return False
        if isinstance(actual, bool) or isinstance(wanted, bool) or wanted is None:
            return actual is wanted
        if isinstance(actual, Decimal) and isinstance(wanted, int | float):
            return actual == Decimal(str(wanted))
        return bool(actual == wanted) or (actual is not None and str(actual) == str(wanted))
