"""What `smsflow dev` prints: one line for each text in or out, and what the files have to say."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from smsflow.runtime import Runtime
from smsflow.sandbox.codes import NO_ERROR
from smsflow.sandbox.network import Network
from smsflow.sandbox.records import Message
from smsflow.sandbox.web_services import WebServices
from smsflow.sms.encoding import segments
from smsflow.sms.numbers import bare

GRACE = 1.0  # seconds that a text's line waits for its final state
LONGEST = 72  # characters of a text in its line

_STYLES = {"delivered": "green", "sent": "yellow"}


class Screen:
    """A terminal, or a file: colours are for terminals alone."""

    def __init__(self, stream: TextIO, zone: str) -> None:
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._zone = ZoneInfo(zone)

    def say(self, text: str, style: str = "") -> None:
        """A line that is no text of anybody's."""
        self._console.print(Text(text, style))

    def printed(self, text: str) -> None:
        """Something that has its own colours, such as issues."""
        self._console.print(Text.from_ansi(text))

    def text(
        self, at: datetime, way: str, numbers: tuple[str, str], text: str, parts: int, state: str
    ) -> None:
        """One line: clock, direction, from and to, the words, parts, state."""
        style = "cyan" if way == "in" else "bold"
        line = Text.assemble(
            (at.astimezone(self._zone).strftime("%a %H:%M:%S"), "dim"),
            "  ",
            ("in " if way == "in" else "out", style),
            f"  {numbers[0]} -> {numbers[1]}  ",
            (_in_one_line(text), style),
            (f"  {parts} part{'' if parts == 1 else 's'}", "dim"),
        )
        if state:
            line.append(f"  {state}", _STYLES.get(state.split()[0], "red"))
        self._console.print(line)

    def call(self, at: datetime, what: str, body: Any) -> None:
        """One line for a call to a web service: clock, request, and its body in short."""
        told = "" if body is None else json.dumps(body, ensure_ascii=False, default=str)
        self._console.print(
            Text.assemble(
                (at.astimezone(self._zone).strftime("%a %H:%M:%S"), "dim"),
                ("  call  ", "magenta"),
                _in_one_line(what),
                (f"  {_in_one_line(told)}", "dim"),
            )
        )


def _in_one_line(text: str) -> str:
    """The text in one line that can't move the cursor, cut where nobody reads on."""
    plain = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


class Ticker:
    """Prints the texts and calls that came and went since the last look, each once."""

    def __init__(
        self,
        runtime: Runtime,
        networks: Mapping[str, Network],
        services: WebServices,
        screen: Screen,
    ) -> None:
        self._runtime = runtime
        self._networks = networks
        self._services = services
        self._called = 0
        self._screen = screen
        self._last = runtime.store.last_received()
        self._first_seen: dict[str, float] = {}  # a text of ours -> when, until it is printed
        self._open: set[str] = set()  # printed, and not final then
        self._known: set[str] = set()

    def look(self) -> None:
        """Print what is new."""
        for asked in self._services.asked_after(self._called):
            self._called += 1
            self._screen.call(asked.at, asked.what, asked.body)
        for row, text in self._runtime.store.received_after(self._last):
            self._last = row
            if text.received_at is not None:
                numbers = (text.sender, text.receiver or "")
                parts = segments(text.text)
                self._screen.text(text.received_at, "in", numbers, text.text, parts, "")
        for network in self._networks.values():
            for message in network.messages():
                self._out(message)

    def _out(self, message: Message) -> None:
        """A text of ours gets its line when its state is final, or has waited long enough."""
        name = message.message_id
        final = not message.status.open
        if name in self._open:
            if final:
                self._open.discard(name)
                self._print(message)
        elif name not in self._known:
            seen = self._first_seen.setdefault(name, time.monotonic())
            if final or time.monotonic() - seen >= GRACE:
                del self._first_seen[name]
                self._known.add(name)
                if not final:
                    self._open.add(name)
                self._print(message)

    def _print(self, message: Message) -> None:
        ours = self._runtime.project.numbers.values()
        names = {bare(number.address): number.name for number in ours}
        sender = message.order.sender
        state = "sent" if message.status.open else message.status.group_name.lower()
        if message.error is not NO_ERROR:
            state += f" ({message.error.name})"
        numbers = (names.get(sender, sender), f"+{message.to}")
        order = message.order
        self._screen.text(message.done_at, "out", numbers, order.text, order.parts, state)
