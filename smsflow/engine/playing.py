"""Playing a transcript: what happens, what must follow, and a chat to look at when it doesn't.

Strict about silence: a text that goes out and is not expected fails the test, so nothing has to
be written to show that nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine.inputs import read_value
from smsflow.engine.literals import parse_duration
from smsflow.engine.model import Flow
from smsflow.engine.simulator import SimulatedText, Simulator
from smsflow.engine.state import Contact, Session
from smsflow.engine.transcript import Line, Transcript
from smsflow.engine.world import World
from smsflow.errors import Place
from smsflow.sms.encoding import segments
from smsflow.sms.numbers import normalise
from smsflow.sms.states import State

START = "2025-01-06 09:00"  # a Monday, when a test doesn't say
PHONE = "+447700900123"

_STATES = {
    "delivered": State.DELIVERED,
    "undeliverable": State.UNDELIVERABLE,
    "expired": State.EXPIRED,
    "rejected": State.REJECTED,
    "deleted": State.DELETED,
    "unknown": State.UNKNOWN,
    "sent": State.SENT,
    "pending": State.PENDING,
}


class ScriptedRandom(Random):
    """Seeded randomness whose digits are those of the codes that a test gives."""

    def script(self, codes: list[str]) -> None:
        """Draw these digits first."""
        self._digits = [digit for code in codes for digit in code]

    def choice(self, seq: Any) -> Any:
        """The next scripted digit, else a random one."""
        if seq == "0123456789" and getattr(self, "_digits", None):
            return self._digits.pop(0)
        return super().choice(seq)


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One text of the chat: its moment, `->` out or `<-` in, and the words."""

    at: datetime
    arrow: str
    text: str


@dataclass(slots=True)
class Played:
    """How a test went. `place` is the line that failed, `source` what sent the text."""

    test: Transcript
    passed: bool = True
    place: Place | None = None
    reason: str = ""
    source: str = ""
    chat: list[ChatLine] = field(default_factory=list)


class _Failed(Exception):  # noqa: N818 - it ends one test, nothing is wrong with the program
    def __init__(self, place: Place, reason: str, source: str = "") -> None:
        self.place, self.reason, self.source = place, reason, source


def play(
    test: Transcript,
    world: World,
    *,
    deploy: Callable[[str], World] | None = None,
    seed: int = 1,
) -> Played:
    """Play one test. `deploy` gives the world with the flow file of that path in it."""
    played = Played(test)
    try:
        _Player(test, world, deploy, seed, played).play()
    except _Failed as failure:
        played.passed = False
        played.place = failure.place
        played.reason = failure.reason
        played.source = failure.source
    return played


class _Player:
    def __init__(
        self,
        test: Transcript,
        world: World,
        deploy: Callable[[str], World] | None,
        seed: int,
        played: Played,
    ) -> None:
        if test.flow not in world.flows:
            raise _Failed(test.place, f"there is no flow '{test.flow}'")
        self._test = test
        self._deploy = deploy
        self._played = played
        self._given = test.given
        contact = self._contact(world)
        self._zone = contact.timezone or world.project.timezone
        now = self._moment(self._given.get("now", START), test.place)
        rng = ScriptedRandom(self._given.get("random", seed))
        rng.script([str(code) for code in self._given.get("codes", [])])
        self._sim = Simulator(world, contact, now, rng)
        self._checked = 0
        self._shown = 0

    def _contact(self, world: World) -> Contact:
        given = dict(self._given.get("contact", {}))
        place = self._test.place
        try:
            phone = normalise(str(given.pop("phone", PHONE)))
        except ValueError as error:
            raise _Failed(place, f"given.contact.phone: {error}") from None
        contact = Contact(phone)
        contact.language = given.pop("language", None)
        contact.timezone = given.pop("timezone", None)
        zone = contact.timezone or world.project.timezone
        for name, value in given.items():
            declared = world.project.fields.get(name)
            try:
                contact.fields[name] = (
                    read_value(declared.type, value, zone=zone) if declared else value
                )
            except ValueError as error:
                raise _Failed(place, f"given.contact.{name} {error}") from None
        for entry in self._given.get("history", []):
            self._zone = zone
            at = self._moment(entry.get("at"), place)
            contact.starts.setdefault(str(entry.get("flow")), []).append(at)
        return contact

    # --- playing ---------------------------------------------------------------------------------

    def play(self) -> None:
        """Every line in order; at the end nothing may be left over."""
        if "start" in self._given:
            self._start(self._given["start"], self._test.place)
        for line in self._test.lines:
            handler: Callable[[Line], None] = getattr(self, f"_line_{line.word}")
            if line.word in ("out", "silent", "end", "expect"):
                handler(line)
            else:
                self._nothing_unexpected(line.place)
                handler(line)
                self._show()
        last = self._test.lines[-1].place if self._test.lines else self._test.place
        self._nothing_unexpected(last)

    def _show(self) -> None:
        for text in self._sim.sent[self._shown :]:
            at = text.sent_at or self._sim.now
            self._played.chat.append(ChatLine(at, "->", text.effect.text))
        self._shown = len(self._sim.sent)

    def _nothing_unexpected(self, place: Place) -> None:
        self._show()
        if self._checked < len(self._sim.sent):
            text = self._sim.sent[self._checked]
            reason = f"unexpected text: {text.effect.text}"
            raise _Failed(place, reason, self._source(text))

    def _source(self, text: SimulatedText) -> str:
        flow = self._flow(text)
        if flow is None or text.effect.step is None:
            return text.effect.name or ""
        step = flow.steps[text.effect.step]
        return f"{step.place} ({step.verb})"

    def _flow(self, text: SimulatedText) -> Flow | None:
        session = self._sim.sessions.get(text.effect.session or "")
        return self._sim.world.flow(session.flow, session.version) if session else None

    def _moment(self, written: Any, place: Place) -> datetime:
        try:
            moment: datetime = read_value("datetime", str(written), zone=self._zone)
        except ValueError as error:
            raise _Failed(place, f"'{written}' {error}") from None
        return moment.astimezone(ZoneInfo("UTC"))

    # --- when ------------------------------------------------------------------------------------

    def _line_start(self, line: Line) -> None:
        self._start(line.value or {}, line.place)

    def _start(self, inputs: Any, place: Place) -> None:
        if not isinstance(inputs, Mapping):
            raise _Failed(place, "'start' takes the inputs as a mapping")
        result = self._sim.start(self._test.flow, inputs)
        self._show()
        if not result["started"]:
            self._played.chat.append(
                ChatLine(self._sim.now, "--", f"not started: {result['reason']}")
            )

    def _line_in(self, line: Line) -> None:
        value = line.value if isinstance(line.value, dict) else {"text": line.value}
        number = value.get("to")
        if number is not None and number not in self._sim.world.project.numbers:
            raise _Failed(line.place, f"we have no number '{number}'")
        text = str(value.get("text", ""))
        self._played.chat.append(ChatLine(self._sim.now, "<-", text))
        self._sim.text(text, number)

    def _line_after(self, line: Line) -> None:
        length = parse_duration(str(line.value))
        if length is None or length.days < 0 or length.seconds < 0:
            raise _Failed(
                line.value_place, f"'{line.value}' is no length of time, such as 4h or 2d"
            )
        self._sim.move(length)

    def _line_at(self, line: Line) -> None:
        moment = self._moment(line.value, line.value_place)
        if moment < self._sim.now:
            raise _Failed(line.value_place, f"'{line.value}' is past: a clock only goes forward")
        self._sim.move_to(moment)

    def _line_dlr(self, line: Line) -> None:
        value = line.value if isinstance(line.value, dict) else {"status": line.value}
        state = _STATES.get(str(value.get("status")))
        if state is None:
            known = ", ".join(_STATES)
            raise _Failed(line.value_place, f"'{value.get('status')}' is no state; known: {known}")
        number = int(value.get("of", len(self._sim.sent)))
        if not 1 <= number <= len(self._sim.sent):
            raise _Failed(line.place, f"there is no text number {number} to report on")
        text = self._sim.sent[number - 1]
        self._played.chat.append(ChatLine(self._sim.now, "--", f"{state} (text {number})"))
        self._sim.report(text, state, value.get("error"))

    def _line_verify(self, line: Line) -> None:
        self._sim.verify(str(line.value))

    def _line_restart(self, line: Line) -> None:
        del line
        self._sim.restart()

    def _line_deploy(self, line: Line) -> None:
        path = line.value["flow"] if isinstance(line.value, dict) else str(line.value)
        if self._deploy is None:
            raise _Failed(line.place, "nothing can be deployed here")
        try:
            self._sim.deploy(self._deploy(path))
        except ValueError as error:
            raise _Failed(line.place, str(error)) from None

    # --- then ------------------------------------------------------------------------------------

    def _line_out(self, line: Line) -> None:
        self._show()
        if self._checked >= len(self._sim.sent):
            raise _Failed(line.value_place, f"expected: {_wanted(line.value)}\nnothing was sent")
        text = self._sim.sent[self._checked]
        self._checked += 1
        want = line.value if isinstance(line.value, dict) else {"text": line.value}
        for key, value in want.items():
            if not self._matches(text, key, str(value)):
                reason = f"expected: {_wanted({key: value})}\ngot: {self._got(text, key)}"
                raise _Failed(line.value_place, reason, self._source(text))

    def _matches(self, text: SimulatedText, key: str, value: str) -> bool:
        said = text.effect.text
        match key:
            case "text":
                return said == value
            case "starts":
                return said.startswith(value)
            case "contains":
                return value in said
            case "matches":
                return re.search(value, said) is not None
            case _:
                return self._got(text, key) == value

    def _got(self, text: SimulatedText, key: str) -> str:
        match key:
            case "via":
                return text.via
            case "named":
                return text.effect.name or "a text of a flow"
            case "segments":
                return str(segments(text.effect.text))
            case "lang":
                session = self._sim.sessions.get(text.effect.session or "")
                return session.language if session else ""
            case _:
                return text.effect.text

    def _line_silent(self, line: Line) -> None:
        self._nothing_unexpected(line.place)

    def _line_end(self, line: Line) -> None:
        session = self._session(line)
        if session.outcome != line.value:
            got = session.outcome or f"still open at '{self._waits_at(session)}'"
            raise _Failed(line.value_place, f"expected the end: {line.value}\ngot: {got}")

    def _waits_at(self, session: Session) -> str:
        return session.waiting.step if session.waiting else "its start"

    def _session(self, line: Line) -> Session:
        ours = [each for each in self._sim.sessions.values() if each.flow == self._test.flow]
        if not ours:
            raise _Failed(line.place, "no session has begun")
        return ours[-1]

    def _line_expect(self, line: Line) -> None:
        if not isinstance(line.value, dict):
            raise _Failed(line.place, "'expect' takes a mapping of names and values")
        for name, value in line.value.items():
            actual = self._actual(name, line)
            if not self._same(actual, value, line):
                raise _Failed(line.value_place, f"expected {name}: {value}\ngot: {actual}")

    def _actual(self, name: str, line: Line) -> Any:
        scope, _, rest = name.partition(".")
        if scope != "contact":
            return self._session(line).variables.get(name)
        contact = self._sim.contact
        if rest in ("language", "timezone", "opted_out"):
            return getattr(contact, rest)
        return contact.fields.get(rest)

    def _same(self, actual: Any, wanted: Any, line: Line) -> bool:
        if isinstance(actual, datetime):
            return actual == self._moment(wanted, line.value_place)
        return bool(actual == wanted) or (actual is not None and str(actual) == str(wanted))


def _wanted(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            str(item) if key == "text" else f"{key} {item}" for key, item in value.items()
        )
    return str(value)
