"""How a failing test is told: its chat with times, what was expected where, and who wrote it.

FAIL tests/flows/otp.test.yaml:16 three wrong codes lock it
   09:00 -> 482913 is your Acme code to pay. It works for 5 minutes...
   09:00 <- 111111
   09:00 -> That code is not right. Tries left - 1.
 line 21:14 expected: That code is not right. Tries left - 2.
 sent by flows/otp.yaml:28:11 (otp.wrong)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from smsflow.engine.transcripts.playing import ChatLine, Played

_LONGEST = 100  # characters of a text in the chat; the last one is shown whole


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the report; `kind` is head, in, out, note, expected, got or source."""

    kind: str
    text: str


_KINDS = {"<-": "in", "->": "out", "--": "note"}


def failure_lines(played: Played) -> list[ReportLine]:
    """The report on a failed test."""
    place = played.test.place
    lines = [ReportLine("head", f"FAIL {place.file}:{place.line} {played.test.name}")]
    lines += _chat(played)
    where = played.place or place
    head = f" line {where.line}:{where.column} "
    lines.append(ReportLine("expected", head + one_line(played.reason)))
    if played.got is not None:
        colon = played.reason.find(":")
        indent = len(head) + max(colon, len("got")) - len("got")
        lines.append(ReportLine("got", " " * indent + f"got: {one_line(played.got)}"))
    if played.source:
        lines.append(ReportLine("source", f" sent by {played.source}"))
    return lines


def failure_text(played: Played) -> str:
    """The report on a failed test as plain text."""
    return "\n".join(line.text for line in failure_lines(played))


def _chat(played: Played) -> list[ReportLine]:
    zone = ZoneInfo(played.zone)
    dated = len({line.at.astimezone(zone).date() for line in played.chat}) > 1
    lines = []
    for number, line in enumerate(played.chat, 1):
        text = one_line(line.text)
        if number < len(played.chat) and len(text) > _LONGEST:
            text = text[: _LONGEST - 3] + "..."
        at = clock_time(line.at, zone, dated=dated)
        lines.append(ReportLine(_kind(line), f"   {at} {line.arrow} {text}"))
    return lines


def _kind(line: ChatLine) -> str:
    return _KINDS[line.arrow]


def clock_time(moment: datetime, zone: ZoneInfo, *, dated: bool) -> str:
    """A moment on the clocks of `zone`: 09:00, or 29 Mar 09:00; with seconds when it has some."""
    local = moment.astimezone(zone)
    time = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    return f"{local.day:2} {local.strftime('%b')} {time}" if dated else time


def one_line(text: str) -> str:
    """A text that can neither break the line nor move the cursor."""
    marked = text.replace("\n", " ⏎ ")
    return "".join(char if char.isprintable() else "\ufffd" for char in marked)
