"""A conversation with a flow, line by line: what a person types, and what the flow answers.

It runs on the simulator, so there is no server, no provider and no waiting: the clock stands still
until `/after` or `/at` moves it. Whoever shows the lines is handed in, and so is the clock.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.author.failures import clock_time, one_line
from smsflow.author.inputs import needed, typed_data, typed_inputs, ways_in
from smsflow.author.recording import Take, as_yaml, cut_codes, written_moment
from smsflow.author.simulated import SimulatedProject
from smsflow.engine import policy
from smsflow.engine.language.literals import parse_duration
from smsflow.engine.language.reading import listed, suggest
from smsflow.engine.model import Flow
from smsflow.engine.transcripts.given import AROUND, GivenInvalid, begin, moment
from smsflow.engine.transcripts.kept import SimulatedText
from smsflow.engine.transcripts.lines import REPORTS
from smsflow.engine.transcripts.shown import shown_text
from smsflow.engine.transcripts.simulator import Simulator
from smsflow.engine.triggering import no_way_to_start, way_to_start
from smsflow.errors import SettingsInvalid

HELP = {
    "/after 2d": "let time pass: 30s, 4h, 1h30m, 2d",
    "/at 2025-03-30 10:30": "let time pass until then",
    "/dlr rejected": f"a delivery report comes: {', '.join(REPORTS)}",
    "/dlr delivered 1": "the same for text 1",
    "/verify 482913": "post a code, as a web application does",
    "/agent One moment": "a person who took over texts",
    "/close": "that person is done",
    "/start key=value": "start the flow with these inputs",
    "/event name key=value": "an event comes in that is about this phone",
    "/trace": "what the flow did, step by step",
    "/vars": "what the session and the contact hold",
    "/lang fr": "begin again with a contact of that language",
    "/restart": "begin again",
    "/quit": "leave; so does the end of the input",
    "//text": "texts that begin with a slash",
}

# Lines of the trace that a person who waits for an answer wants to see at once.
_TOLD = ("error", "refused", "silence", "ignored", "default", "locked", "handoff", "person")
_NOT_HELD = "no person holds the conversation: no handoff is open"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a chat begins with; `number` is ours that the contact texts, None for the last used, and
    `given` the world of a test file.
    """

    phone: str
    now: datetime
    seed: int
    language: str | None = None
    number: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


class Chat:
    """One chat; `show(kind, text)` prints a line, kinds being in, out, detail, note and error."""

    def __init__(
        self,
        project: SimulatedProject,
        flow: Flow,
        setting: Setting,
        show: Callable[[str, str], None],
    ) -> None:
        self._project = project
        self._flow = flow
        self._setting = setting
        self._show = show
        self._takes: list[Take] = []
        self._zone = policy.zone_of(setting.phone, known=None, project=project.project.timezone)
        self._begin()

    def open(self, pairs: tuple[str, ...]) -> None:
        """Say where we are; start the flow if it can be started, else say what it waits for."""
        flow, way = self._flow, way_to_start(self._sim.world, self._flow)
        inputs = self._setting.given.get("start")
        self._show("note", f"{flow.name}, {self._when()}, {self._setting.phone}. /help tells more.")
        at_once = way == "api" or not ways_in(flow, by_start=False)
        if pairs or (way and at_once and not needed(flow)):
            self._act(lambda: self._start(pairs))
        elif inputs is not None:
            self._act(lambda: self._start((), inputs))
        else:
            ways = ways_in(flow, by_start=bool(way))
            self._show("note", f"it waits: {', or '.join(ways) or 'text something'}")

    def handle(self, line: str) -> bool:
        """Do what a typed line says; False when it ends the chat."""
        text = "".join(char if char.isprintable() else " " for char in line).strip()
        if not text:
            return True
        if text.startswith("/") and not text.startswith("//"):
            command, _, rest = text[1:].partition(" ")
            if command == "quit":
                return False
            try:
                self._command(command, rest.strip())
            except ValueError as error:
                self._show("error", str(error))
        else:
            self._act(lambda: self._text(text.removeprefix("/")))
        return True

    def recorded(self) -> str:
        """The whole chat as a test file, '' when nothing happened."""
        return as_yaml(self._takes)

    # --- beginning --------------------------------------------------------------------------------

    def _begin(self) -> None:
        setting, world = self._setting, self._project.world
        about = {**setting.given.get("contact", {}), "phone": setting.phone}
        if setting.language:
            about["language"] = setting.language
        given = {**setting.given, "contact": about}
        try:
            # The digits of codes: reproducible with --seed, and a secret of nobody.
            start = begin(given, world, seed=setting.seed)
        except GivenInvalid as error:
            raise SettingsInvalid(f"--given: {error}") from None
        self._rng = start.rng
        self._sim = Simulator(world, start.contact, setting.now, self._rng, start.outside)
        self._shown = self._traced = self._drawn = self._called = 0
        self._ended: str | None = None
        began = written_moment(setting.now, self._zone)
        around = {name: given[name] for name in AROUND if name in given}
        self._take = Take(self._flow.name, about, began, around)
        self._takes.append(self._take)

    def _again(self, setting: Setting) -> None:
        self._setting = replace(setting)
        self._begin()
        self.open(())

    # --- commands ---------------------------------------------------------------------------------

    def _command(self, command: str, rest: str) -> None:
        match command:
            case "after":
                self._act(lambda: self._after(rest))
            case "at":
                self._act(lambda: self._at(rest))
            case "dlr":
                self._act(lambda: self._report(rest))
            case "verify":
                self._act(lambda: self._verify(rest))
            case "agent":
                self._act(lambda: self._agent(rest))
            case "close":
                self._act(self._close)
            case "start":
                self._act(lambda: self._start(tuple(shlex.split(rest))))
            case "event":
                self._act(lambda: self._event(shlex.split(rest)))
            case "trace":
                self._show_trace()
            case "vars":
                self._show_variables()
            case "lang":
                self._again(replace(self._setting, language=self._language(rest)))
            case "restart":
                self._again(self._setting)
            case "help":
                for usage, meaning in HELP.items():
                    self._show("note", f"{usage:22}{meaning}")
            case _:
                known = [usage.split()[0].removeprefix("/") for usage in HELP]
                hint = suggest(command, known, "/help tells the commands").replace("'", "")
                raise ValueError(f"there is no /{command}; {hint}")

    def _act(self, action: Callable[[], None]) -> None:
        """Let something happen, then show and record what followed."""
        before = len(self._sim.sent)
        action()
        for text in self._sim.sent[self._shown :]:
            self._shown += 1
            self._show_text(text)
        drawn = self._rng.drawn[self._drawn :]
        self._drawn += len(drawn)
        self._take.codes += cut_codes(drawn, self._sim.world.flows.values())
        for call in self._sim.calls[self._called :]:
            self._show("note", f"{one_line(call.shown)} -> {call.status}")
            self._take.called(call.words, call.data)
        self._called = len(self._sim.calls)
        self._tell_news(silent=len(self._sim.sent) == before)

    def _text(self, text: str) -> None:
        number = self._setting.number
        self._show("in", f"{self._clock(self._sim.now)} <- {text}")
        self._take.heard(text, number)
        self._sim.text(text, number)

    def _start(self, pairs: tuple[str, ...], given: Mapping[str, Any] | None = None) -> None:
        inputs = typed_inputs(self._flow, pairs) if given is None else given
        if reason := no_way_to_start(self._sim.world, self._flow):
            raise SettingsInvalid(reason)
        self._take.started(inputs)
        self._sim.start(self._flow.name, inputs)

    def _event(self, words: list[str]) -> None:
        if not words:
            raise ValueError("name the event: /event ticket.closed id=T1")
        name, *pairs = words
        data = {"phone": self._setting.phone, **typed_data(pairs)}
        if not self._sim.event(name, data):
            raise ValueError(f"no flow takes {name} to be about {self._setting.phone}")
        self._take.told(name, data)

    def _after(self, written: str) -> None:
        length = parse_duration(written)
        if length is None or length.days < 0 or length.seconds < 0:
            raise ValueError(f"'{written}' is no length of time; such as 30s, 4h, 1h30m or 2d")
        self._take.lines.append(f"after: {written}")
        self._sim.move(length)

    def _at(self, written: str) -> None:
        try:
            there = moment(written, self._zone)
        except ValueError:
            hint = "such as 2025-03-30 10:30 or 2025-03-30 10:30 Europe/London"
            raise ValueError(f"'{written}' is no date and time; {hint}") from None
        if there < self._sim.now:
            raise ValueError(f"'{written}' is past: it is {self._when()}")
        self._take.lines.append(f"at: {written_moment(there, self._zone)}")
        self._sim.move_to(there)

    def _report(self, written: str) -> None:
        status, _, which = written.partition(" ")
        if status not in REPORTS:
            hint = suggest(status, REPORTS, f"known: {listed(REPORTS)}")
            raise ValueError(f"'{status}' is no report; {hint}")
        count = len(self._sim.sent)
        number = int(which) if which.strip().isdecimal() else count if not which else 0
        if not 1 <= number <= count:
            raise ValueError(f"there is no text {which}" if which else "nothing was sent yet")
        self._take.reported(status, None if number == count else number)
        text = self._sim.sent[number - 1]
        if not text.state.may_become(REPORTS[status]):
            self._show("note", f"text {number} is {text.state} already, so this changes nothing")
        self._sim.report(text, REPORTS[status])

    def _verify(self, code: str) -> None:
        if not code:
            raise ValueError("write the code behind it: /verify 482913")
        self._take.happened("verify", code)
        self._show("note", f"verify: {self._sim.verify(code)['result']}")

    def _agent(self, text: str) -> None:
        if not text:
            raise ValueError("write what the person texts behind it: /agent One moment")
        if not self._sim.agent(text):
            raise ValueError(_NOT_HELD)
        self._take.happened("agent", text)

    def _close(self) -> None:
        if not self._sim.agent(None):
            raise ValueError(_NOT_HELD)
        self._take.lines.append("agent: {close: true}")

    def _language(self, wanted: str) -> str:
        languages = self._flow.languages or self._project.project.languages
        if wanted not in languages:
            hint = suggest(wanted, languages, f"it has: {listed(languages)}")
            raise ValueError(f"flow '{self._flow.name}' has no language '{wanted}'; {hint}")
        return wanted

    # --- showing ----------------------------------------------------------------------------------

    def _show_text(self, text: SimulatedText) -> None:
        head = f"{self._clock(text.sent_at or self._sim.now)} -> "
        lines = shown_text(text).split("\n")
        indent = " " * len(head)
        self._show("out", head + ("\n" + indent).join(map(one_line, lines)))
        parts = text.effect.options.split(text.effect.text)
        many = f"{parts.count} part{'s' if parts.count > 1 else ''} {parts.alphabet}"
        self._show("detail", f"{indent}text {self._shown}, {many}, via {text.via}")
        first = next(iter(self._project.project.numbers))
        via = text.via if text.via != first else None
        self._take.said(text.effect.text, via=via, to=text.effect.to)

    def _tell_news(self, *, silent: bool) -> None:
        for line in self._sim.trace[self._traced :]:
            if line.line.what in _TOLD:
                place = f" ({line.line.place})" if line.line.place else ""
                kind = "error" if line.line.what == "error" else "note"
                self._show(kind, f"{line.line.what}: {one_line(line.line.detail)}{place}")
        self._traced = len(self._sim.trace)
        ours = [each for each in self._sim.sessions.values() if each.flow == self._flow.name]
        last = ours[-1] if ours else None
        if last is not None and last.outcome is not None and last.id != self._ended:
            self._ended = last.id
            self._take.happened("end", last.outcome)
            self._show("note", f"end: {last.outcome}")
        elif silent:
            due = self._sim.next_due()
            next_up = f"; next due {self._clock(due, dated=True)}" if due else ""
            self._show("note", f"nothing was sent; it is {self._when()}{next_up}")

    def _show_trace(self) -> None:
        for line in self._sim.trace:
            place = f"  {line.line.place}" if line.line.place else ""
            words = f"{line.line.what:7} {one_line(line.line.detail)}"
            self._show("note", f"{self._clock(line.at, dated=True)} {words}{place}")

    def _show_variables(self) -> None:
        for session in self._sim.sessions.values():
            at = f"waits at '{session.waiting.step}'" if session.waiting else "not begun"
            self._show("note", f"{session.flow}: {session.outcome or at}")
            for name, value in session.variables.items():
                self._show("note", f"  {name} = {one_line(repr(value))}")
        for name, value in self._sim.contact.fields.items():
            self._show("note", f"contact.{name} = {one_line(repr(value))}")
        if self._sim.contact.opted_out:
            self._show("note", "the contact has opted out")

    def _when(self) -> str:
        return f"{self._clock(self._sim.now, dated=True).strip()} {self._zone}"

    def _clock(self, at: datetime, *, dated: bool | None = None) -> str:
        zone = ZoneInfo(self._zone)
        same_day = at.astimezone(zone).date() == self._setting.now.astimezone(zone).date()
        return clock_time(at, zone, dated=not same_day if dated is None else dated)
