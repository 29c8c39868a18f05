"""What must follow in a transcript: each line is held against what the simulator has.

A text in other words than a line expects is a failure, or a correction: for `smsflow test
--update`, which writes what was really sent into the file, the test goes on as if it had agreed.
Only whole texts can be corrected, for what a part of a text was meant to show nobody can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from smsflow.engine.state import Session, decode
from smsflow.engine.templating.values import as_written
from smsflow.engine.transcripts.given import moment
from smsflow.engine.transcripts.kept import SimulatedText, TraceLine
from smsflow.engine.transcripts.lines import Line
from smsflow.engine.transcripts.origin import origin
from smsflow.engine.transcripts.services import holds
from smsflow.engine.transcripts.shown import agrees, wish
from smsflow.engine.transcripts.simulator import Simulator
from smsflow.engine.transcripts.transcript import Transcript
from smsflow.errors import Place

# What the trace tells that a reader of the chat wants to know as well.
TROUBLE = ("error", "handled", "refused")


class Failed(Exception):
    """A line that did not come true: its place, what was expected, what came instead."""

    def __init__(
        self, place: Place, reason: str, *, got: str | None = None, source: str = ""
    ) -> None:
        self.place, self.reason, self.got, self.source = place, reason, got, source


@dataclass(frozen=True, slots=True)
class Correction:
    """A text of a test file, where it stands, and what was sent in its stead."""

    place: Place
    old: str
    new: str


class Checks:
    """A test under way, and what its lines have spoken of so far. With a list of `corrections`,
    texts in other words are noted there."""

    def __init__(
        self,
        test: Transcript,
        sim: Simulator,
        zone: str,
        corrections: list[Correction] | None = None,
    ) -> None:
        self.test = test
        self.sim = sim
        self.zone = zone
        self._corrections = corrections
        self._checked = 0  # texts that a line has spoken of
        self._heard = 0  # events of the flows that a line has spoken of
        self._called = 0  # calls that a line has spoken of
        self._handed = 0  # handoffs that a line has spoken of
        self._over: frozenset[str] = frozenset()  # sessions that ended before the last happening

    def text_of(self, line: Line) -> SimulatedText:
        """The text that a line is about: number `of`, else the last one."""
        sent = self.sim.sent
        number: int = line.value.get("of", len(sent))
        if not 1 <= number <= len(sent):
            reason = f"there is no text {number}" if sent else "nothing was sent yet"
            raise Failed(line.place_of("of"), reason)
        return sent[number - 1]

    def before_happening(self) -> None:
        """What has ended until now is not what the next happening ends."""
        ended = (each for each in self.sim.sessions.values() if not each.live)
        self._over = frozenset(each.id for each in ended)

    def trouble(self, since: int) -> list[TraceLine]:
        return [line for line in self.sim.trace[since:] if line.line.what in TROUBLE]

    def nothing_unexpected(self, place: Place) -> None:
        if self._checked < len(self.sim.sent):
            text = self.sim.sent[self._checked]
            reason = f"unexpected text: {text.effect.text}"
            raise Failed(place, reason, source=self._source(text))
        if self._called < len(self.sim.calls):
            call = self.sim.calls[self._called]
            raise Failed(place, f"unexpected call: {call.shown}")

    def nothing_broken(self, place: Place) -> None:
        if any(line.word == "end" and line.value == "failed" for line in self.test.lines):
            return
        for trouble in self.trouble(0):
            line = trouble.line
            if line.what == "error":
                where = str(line.place) if line.place else ""
                raise Failed(place, f"the flow failed: {line.detail}", source=where)

    def _source(self, text: SimulatedText) -> str:
        session = self.sim.sessions.get(text.effect.session or "")
        flow = self.sim.world.flow(session.flow, session.version) if session else None
        return origin(flow, text.effect)

    # --- what must follow ------------------------------------------------------------------------

    def check(self, line: Line) -> None:
        match line.word:
            case "out":
                self._check_out(line)
            case "http":
                self._check_http(line)
            case "silent":
                self.nothing_unexpected(line.place)
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
        if self._checked >= len(self.sim.sent):
            wanted = ", ".join(wish(key, value) for key, value in line.value.items())
            raise Failed(line.value_place, f"expected: {wanted}", got="nothing")
        text = self.sim.sent[self._checked]
        self._checked += 1
        if text.effect.to is not None and "to" not in line.value:
            reason, got = "expected: a text to the contact", f"to {text.effect.to}: "
            raise Failed(line.value_place, reason, got=got + text.effect.text)
        for key, value in line.value.items():
            got = self._got(text, key)
            if agrees(key, got, str(value)):
                continue
            if key == "text" and self._corrections is not None:
                self._corrections.append(Correction(line.place_of(key), str(value), got))
            else:
                reason, source = f"expected: {wish(key, value)}", self._source(text)
                raise Failed(line.place_of(key), reason, got=got, source=source)

    def _check_http(self, line: Line) -> None:
        wanted = line.value["call"]
        if self._called >= len(self.sim.calls):
            raise Failed(line.value_place, f"expected the call: {wanted}", got="nothing")
        call = self.sim.calls[self._called]
        self._called += 1
        if call.words != wanted:
            raise Failed(line.value_place, f"expected the call: {wanted}", got=call.shown)
        if "body" in line.value and not holds(line.value["body"], call.data):
            reason = f"expected in {wanted}: {line.value['body']}"
            raise Failed(line.value_place, reason, got=str(call.data))

    def _got(self, text: SimulatedText, key: str) -> str:
        match key:
            case "via":
                return text.via
            case "named":
                return text.effect.name or "a text of a flow"
            case "segments":
                return str(text.effect.options.segments(text.effect.text))
            case "to":
                return text.effect.to or self.sim.contact.phone
            case "lang":
                session = self.sim.sessions.get(text.effect.session or "")
                return session.language if session else self._own_language()
            case _:
                return text.effect.text

    def _own_language(self) -> str:
        """The language of a text that belongs to no session."""
        return self.sim.contact.language or self.sim.world.project.languages[0]

    def _session(self, line: Line) -> Session:
        ours = [each for each in self.sim.sessions.values() if each.flow == self.test.flow]
        if not ours:
            raise Failed(line.place, f"no session of {self.test.flow} has begun")
        return ours[-1]

    def _check_emit(self, line: Line) -> None:
        ((name, wanted),) = line.value.items()
        news = self.sim.emitted[self._heard :]
        if not news:
            raise Failed(line.value_place, f"expected the event: {name}", got="nothing")
        emitted, self._heard = news[0], self._heard + 1
        if emitted.name != name:
            raise Failed(line.value_place, f"expected the event: {name}", got=emitted.name)
        data = decode(emitted.data)
        for key, value in wanted.items():
            if not self._same(data.get(key), value):
                reason = f"expected {key}: {as_written(value)}"
                raise Failed(line.value_place, reason, got=as_written(data.get(key)))

    def _check_handoff(self, line: Line) -> None:
        news = self.sim.handed[self._handed :]
        if not news:
            raise Failed(line.value_place, "expected a handoff", got="nothing")
        handed, self._handed = news[0], self._handed + 1
        for key, value in line.value.items():
            got = str(getattr(handed, key))
            if got == value:
                continue
            if key == "note" and self._corrections is not None:
                self._corrections.append(Correction(line.place_of(key), value, got))
            else:
                raise Failed(line.place_of(key), f"expected {wish(key, value)}", got=got)

    def _check_end(self, line: Line) -> None:
        session = self._session(line)
        if line.value in (session.outcome, *self._just_ended()):
            return
        at = f"waits at '{session.waiting.step}'" if session.waiting else "has not begun"
        got = session.outcome or f"nothing, it {at}"
        raise Failed(line.value_place, f"expected the end: {line.value}", got=got)

    def _just_ended(self) -> list[str]:
        """How sessions ended by what happened last, such as one that `mode: restart` replaced."""
        sessions = self.sim.sessions.values()
        return [
            each.outcome
            for each in sessions
            if each.flow == self.test.flow and each.outcome and each.id not in self._over
        ]

    def _check_value(self, line: Line, name: str, wanted: Any) -> None:
        actual = self._actual(name, line)
        if not self._same(actual, wanted):
            reason = f"expected {name}: {as_written(wanted)}"
            raise Failed(line.place_of(name), reason, got=as_written(actual))

    def _actual(self, name: str, line: Line) -> Any:
        scope, _, rest = name.partition(".")
        if scope != "contact":
            found: Any = self._session(line).variables
            for part in name.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            return found
        contact = self.sim.contact
        if rest in ("language", "timezone", "groups", "opted_out"):
            return getattr(contact, rest)
        if rest == "subscribed":
            return contact.lists
        declared = self.sim.world.project.fields.get(rest)
        return contact.fields.get(rest, declared.default if declared else None)

    def _same(self, actual: Any, wanted: Any) -> bool:
        if isinstance(actual, datetime):
            try:
                return actual == moment(wanted, self.zone)
            except ValueError:
                return False
        if isinstance(actual, bool) or isinstance(wanted, bool) or wanted is None:
            return actual is wanted
        if isinstance(actual, Decimal) and isinstance(wanted, int | float):
            return actual == Decimal(str(wanted))
        return bool(actual == wanted) or (actual is not None and str(actual) == str(wanted))
