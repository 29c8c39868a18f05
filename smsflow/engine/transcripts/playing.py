"""Playing a transcript: what happens, what must follow, and a chat to look at when it doesn't.

Strict about silence: a text that goes out and is not expected fails the test, so nothing has to
be written to show that nothing is sent. A flow that breaks fails it too, unless the test expects
`end: failed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smsflow.engine.language.literals import parse_duration
from smsflow.engine.language.reading import listed, suggest
from smsflow.engine.transcripts.checks import Checks, Correction, Failed
from smsflow.engine.transcripts.coverage import Reached
from smsflow.engine.transcripts.given import SEED, GivenInvalid, begin, moment
from smsflow.engine.transcripts.lines import REPORTS, Line
from smsflow.engine.transcripts.shown import shown_text
from smsflow.engine.transcripts.simulator import Simulator
from smsflow.engine.transcripts.transcript import Transcript
from smsflow.engine.triggering import no_way_to_start
from smsflow.engine.world import World
from smsflow.errors import Place

Deploy = Callable[[str, World], World]  # a flow's file and the world so far -> the next world


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One line of the chat: its moment, `->` out, `<-` in or `--` anything else, and the words."""

    at: datetime
    arrow: str
    text: str


@dataclass(slots=True)
class Played:
    """How a test went. `place` is where it failed, `reason` what was expected there, `got` what
    came instead (None: nothing can be said), `source` what sent the text, `zone` the contact's;
    `reached` is what its sessions came to, until the failure if there was one, `corrections` the
    texts that were sent in other words, when the test was played to find those.
    """

    test: Transcript
    passed: bool = True
    place: Place | None = None
    reason: str = ""
    got: str | None = None
    source: str = ""
    zone: str = "UTC"
    chat: list[ChatLine] = field(default_factory=list)
    reached: Reached = field(default_factory=Reached)
    corrections: list[Correction] = field(default_factory=list)


def play(
    test: Transcript,
    world: World,
    *,
    deploy: Deploy | None = None,
    seed: int = SEED,
    correct: bool = False,
) -> Played:
    """Play one test. `deploy` puts the flow of a file into the world. With `correct` a text in
    other words than the test expects is noted as a correction, and no failure."""
    played = Played(test)
    try:
        _Player(test, world, deploy, seed, played, correct=correct).play()
    except Failed as failure:
        played.passed = False
        played.place = failure.place
        played.reason = failure.reason
        played.got = failure.got
        played.source = failure.source
    return played


class _Player(Checks):
    def __init__(
        self,
        test: Transcript,
        world: World,
        deploy: Deploy | None,
        seed: int,
        played: Played,
        *,
        correct: bool,
    ) -> None:
        if test.flow not in world.flows:
            hint = suggest(test.flow, world.flows, f"the project has: {listed(world.flows)}")
            raise Failed(test.place, f"there is no flow '{test.flow}'; {hint}")
        try:
            start = begin(test.given, world, seed=seed)
        except GivenInvalid as error:
            raise Failed(test.place_of(error.path), f"given: {error}") from None
        self._deploy = deploy
        self._played = played
        played.zone = start.zone
        sim = Simulator(world, start.contact, start.now, start.rng, start.outside)
        super().__init__(test, sim, start.zone, played.corrections if correct else None)
        played.reached = sim.reached
        self._listed = 0  # calls that stand in the chat
        self._shown = 0
        self._traced = 0

    # --- playing ---------------------------------------------------------------------------------

    def play(self) -> None:
        """Every line in order; at the end nothing may be left over."""
        if self.test.given.get("start") is not None:
            self._start(self.test.given["start"], self.test.place_of("start"))
            self._show()
        for line in self.test.lines:
            if line.happens:
                self.nothing_unexpected(line.place)
                self.before_happening()
                self._happen(line)
                self._show()
            else:
                self.check(line)
        last = self.test.lines[-1].place
        self.nothing_unexpected(last)
        self.nothing_broken(last)

    def _show(self) -> None:
        """Add to the chat what has been sent since, and what went wrong."""
        news = [
            ChatLine(text.sent_at or self.sim.now, "->", shown_text(text))
            for text in self.sim.sent[self._shown :]
        ]
        news += [
            ChatLine(line.at, "--", f"{line.line.what}: {line.line.detail}")
            for line in self.trouble(self._traced)
        ]
        news += [
            ChatLine(call.at, "--", f"{call.shown}: {call.status}")
            for call in self.sim.calls[self._listed :]
        ]
        self._listed = len(self.sim.calls)
        self._played.chat += sorted(news, key=lambda line: line.at)
        self._shown, self._traced = len(self.sim.sent), len(self.sim.trace)

    def _note(self, text: str) -> None:
        self._played.chat.append(ChatLine(self.sim.now, "--", text))

    # --- what happens ----------------------------------------------------------------------------

    def _happen(self, line: Line) -> None:
        match line.word:
            case "start":
                self._start(line.value, line.place)
            case "in":
                self._text(line)
            case "after":
                length = parse_duration(line.value)
                if length is not None:  # never None: reading has checked it
                    self.sim.move(length)
            case "at":
                self._move_to(line)
            case "dlr":
                self._report(line)
            case "event":
                self._event(line)
            case "click":
                self._click(line)
            case "verify":
                result = self.sim.verify(line.value)
                self._note(f"verify {line.value}: {result['result']}")
            case "agent":
                self._agent(line)
            case "restart":
                self._note("the worker dies and comes back")
                self.sim.restart()
            case "deploy":
                self._go_live(line)

    def _start(self, inputs: dict[str, Any], place: Place) -> None:
        world = self.sim.world
        if reason := no_way_to_start(world, world.flows[self.test.flow]):
            raise Failed(place, f"{reason}; write what sets that off, such as `in` or `event`")
        self._note(f"start {self.test.flow}")
        self.sim.start(self.test.flow, inputs)

    def _text(self, line: Line) -> None:
        number, numbers = line.value.get("to"), self.sim.world.project.numbers
        if number is not None and number not in numbers:
            hint = suggest(number, numbers, f"the project has: {listed(numbers)}")
            raise Failed(line.place_of("to"), f"there is no number '{number}'; {hint}")
        self._played.chat.append(ChatLine(self.sim.now, "<-", line.value["text"]))
        self.sim.text(line.value["text"], number)

    def _event(self, line: Line) -> None:
        ((name, data),) = line.value.items()
        reached = self.sim.event(name, data)
        self._note(f"event {name}" if reached else f"event {name}: not about this contact")

    def _click(self, line: Line) -> None:
        """The contact, or whoever a text went to, follows a link in it."""
        wanted, sent = line.value["url"], self.sim.sent
        texts = [self.text_of(line)] if "of" in line.value else sent[::-1]
        for text in texts:
            for url in text.effect.options.links(text.effect.text):
                if wanted in url:
                    self._note(f"click {url}")
                    self.sim.click(text, url)
                    return
        hint = "write `track: true` on the step that sends it"
        raise Failed(line.value_place, f"no link that is tracked has {wanted!r} in it; {hint}")

    def _agent(self, line: Line) -> None:
        text = line.value.get("text")
        self._note("agent is done" if text is None else f"agent: {text}")
        if not self.sim.agent(text):
            raise Failed(line.place, "no person holds the conversation: no handoff is open")

    def _move_to(self, line: Line) -> None:
        there = moment(line.value, self.zone)
        if there < self.sim.now:
            raise Failed(line.value_place, f"'{line.value}' is past: a clock only goes forward")
        self.sim.move_to(there)

    def _report(self, line: Line) -> None:
        text, status = self.text_of(line), line.value["status"]
        self._note(f"report on text {self.sim.sent.index(text) + 1}: {status}")
        self.sim.report(text, REPORTS[status], line.value.get("error"))

    def _go_live(self, line: Line) -> None:
        if self._deploy is None:
            raise Failed(line.place, "nothing can be deployed here")
        try:
            self.sim.deploy(self._deploy(line.value["flow"], self.sim.world))
        except ValueError as error:
            raise Failed(line.place_of("flow"), str(error)) from None
        self._note(f"{line.value['flow']} goes live")
        if "move" in line.value:
            self._move_sessions(line)

    def _move_sessions(self, line: Line) -> None:
        """What `smsflow sessions move` does; the test fails when a session can't be moved."""
        for session in list(self.sim.sessions.values()):
            why_not = self.sim.carry_over(session.id) if session.live else ""
            if why_not:
                raise Failed(line.place_of("move"), f"{session.flow} can't be moved: {why_not}")
