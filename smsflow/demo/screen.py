"""How the demo looks: conversations in a terminal, or one JSON object a line for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import Protocol, TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from smsflow.demo.record import Event, Summary

WIDEST = 110  # columns
UNSEEN = 100  # columns, where no terminal says how many it has
NARROW = 70  # columns; with fewer, what became of a text stands below it


class Screen(Protocol):
    """Where a demo is shown."""

    def show(self, event: Event) -> None:
        """Show an event, now."""

    def close(self, summary: Summary) -> None:
        """Show the totals."""


class JsonLines:
    """One event a line; the last line has the totals."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Print an event, without what says nothing of it."""
        known = {key: value for key, value in asdict(event).items() if value not in ("", None)}
        self._print({**known, "at": event.at.isoformat()})

    def close(self, summary: Summary) -> None:
        """Print the totals."""
        totals = {field.name: getattr(summary, field.name) for field in fields(summary)}
        told = [asdict(deviation) for deviation in summary.deviations]
        self._print({"kind": "summary", **totals, "deviations": told})

    def _print(self, content: dict[str, object]) -> None:
        self._stream.write(json.dumps(content, ensure_ascii=False) + "\n")
        self._stream.flush()


class Terminal:
    """Conversations side by side: the demo's time, who, what, and what became of it."""

    def __init__(self, stream: TextIO, zone: str, columns: int | None = None) -> None:
        self._console = Console(file=stream, highlight=False)
        seen = self._console.width if self._console.is_terminal else UNSEEN
        self._console.width = min(columns or seen, WIDEST)
        self._zone = ZoneInfo(zone)

    def show(self, event: Event) -> None:
        """Print an event."""
        match event.kind:
            case "scene":
                self._console.print()
                self._console.rule(Text(event.text, "bold"), align="left", style="dim")
            case "begin":
                self._console.print(Text(event.text, "dim"), soft_wrap=True)
            case "clock":
                moment = event.at.astimezone(self._zone).strftime("%A, %-d %B, %H:%M")
                self._console.print(Text(f"... until {moment}", "dim italic"))
            case "text":
                self._text(event)
            case "deviation":
                self._line(event.at, "", Text("!", "bold red"), Text(event.text, "bold red"))
            case _:
                aside = Text(event.text, "italic")
                self._line(event.at, event.who, Text("-", "dim"), aside, event.state)

    def close(self, summary: Summary) -> None:
        """Print the totals."""
        table = Table(title="In the demo", title_justify="left", show_header=False)
        table.add_column(style="dim")
        table.add_column()
        sessions = [f"{count} {outcome}" for outcome, count in sorted(summary.sessions.items())]
        rows = {
            "texts in": summary.texts_in,
            "texts out": f"{summary.texts_out} ({summary.parts} parts)",
            "delivered": summary.delivered,
            "failed over": summary.failed_over,
            "refused by STOP": summary.refused_by_stop,
            "calls to web services": summary.calls,
            "sessions": ", ".join(sessions),
            "seconds": f"{summary.seconds:.1f}",
        }
        for name, value in rows.items():
            table.add_row(name, str(value))
        self._console.print()
        self._console.print(table)
        self._verdict(summary)

    def _verdict(self, summary: Summary) -> None:
        if not summary.deviations:
            told = "Everything happened as the flows say."
            self._console.print(Text(told, "bold green"))
            return
        self._console.print(Text("Not as the flows say:", "bold red"))
        for deviation in summary.deviations:
            self._console.print(Text(f"  {deviation}", "red"))

    def _text(self, event: Event) -> None:
        style, arrow = ("green", "->") if event.direction == "in" else ("cyan", "<-")
        if event.state not in ("", "delivered"):
            style, arrow = "yellow", "x-"
        parts = f"{event.parts} part{'' if event.parts == 1 else 's'}" if event.parts else ""
        became = ", ".join(filter(None, (event.via, parts, event.state)))
        self._line(event.at, event.who, Text(arrow, style), Text(event.text, style), became)

    def _line(self, at: datetime, who: str, mark: Text, what: Text, became: str = "") -> None:
        moment = at.astimezone(self._zone).strftime("%a %H:%M")
        cells = [Text(moment, "dim"), Text(who, "bold"), mark, what]
        widths = [9, 9, 2, None]
        if self._console.width >= NARROW:
            cells.append(Text(became, "dim"))
            widths.append(17 if self._console.width < UNSEEN else 27)
        elif became:
            cells[3] = Text.assemble(what, "\n", (became, "dim"))
        grid = Table.grid(padding=(0, 1), expand=True)
        for width in widths:
            grid.add_column(width=width, ratio=None if width else 1, overflow="fold")
        grid.add_row(*cells)
        self._console.print(grid)
