"""A conversation written down as a test file, which passes when it is played."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.author.yaml_text import inline, plain, quoted
from smsflow.engine.model import Flow, Otp


@dataclass(slots=True)
class Take:
    """One conversation from its beginning: a test of the file."""

    flow: str
    contact: Mapping[str, Any]
    began: str  # the moment, as test files write it
    around: Mapping[str, Any] = field(default_factory=dict)  # what else `given` has
    lines: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def heard(self, text: str, number: str | None) -> None:
        """The contact texted us, on that number when it isn't the one that they would use."""
        said = plain(text)
        if number is not None:
            said = f"{{text: {quoted(text)}, to: {quoted(number)}}}"
        self.lines.append(f"in: {said}")

    def said(self, text: str, *, via: str | None, to: str | None) -> None:
        """We texted, `via` that number when it isn't the first of the project, `to` that phone when
        it isn't the contact's."""
        parts = {"via": via, "to": to}
        more = "".join(f", {key}: {quoted(each)}" for key, each in parts.items() if each)
        self.lines.append(f"out: {{text: {quoted(text)}{more}}}" if more else f"out: {plain(text)}")

    def started(self, inputs: Mapping[str, Any]) -> None:
        """The flow was started."""
        self.lines.append(f"start: {inline(inputs)}")

    def told(self, event: str, data: Mapping[str, Any]) -> None:
        """An event came in."""
        self.lines.append(f"event: {inline({event: data})}")

    def reported(self, status: str, number: int | None) -> None:
        """A report came, on that text when it isn't the last."""
        report = status if number is None else f"{{of: {number}, status: {status}}}"
        self.lines.append(f"dlr: {report}")

    def called(self, words: str, data: Any) -> None:
        """A web service was called."""
        self.lines.append(f"http: {inline({words: data}) if data else words}")

    def happened(self, word: str, value: str) -> None:
        """Anything else whose value is a word or two."""
        self.lines.append(f"{word}: {plain(value)}")


def as_yaml(takes: Iterable[Take]) -> str:
    """The test file; takes in which nothing happened are left out, and '' is no take at all."""
    kept = [take for take in takes if take.lines]
    if not kept:
        return ""
    lines = ["smsflow-test: 1", f"flow: {plain(kept[0].flow)}", "tests:"]
    for number, take in enumerate(kept, 1):
        name = f"recorded chat {number}" if len(kept) > 1 else "recorded chat"
        lines += [f"  - name: {name}", "    given:", f"      now: {take.began}"]
        lines.append(f"      contact: {inline(take.contact)}")
        lines += [f"      {name}: {inline(each)}" for name, each in take.around.items() if each]
        if take.codes:
            lines.append(f"      codes: {inline(take.codes)}")
        lines += ["    steps:", *(f"      - {line}" for line in take.lines)]
    return "\n".join(lines) + "\n"


def written_moment(moment: datetime, zone: str) -> str:
    """A moment as test files write it: local time with its zone, else with its offset."""
    local = moment.astimezone(ZoneInfo(zone))
    clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    again = local.replace(fold=0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if again != moment or local.microsecond:  # the second time that a clock shows this
        return moment.astimezone(UTC).isoformat()
    return f"{local:%Y-%m-%d} {clock} {zone}"


def cut_codes(digits: str, flows: Iterable[Flow]) -> list[str]:
    """Digits that were drawn one after the other, as codes of lengths that the flows have."""
    steps = [step for flow in flows for step in flow.steps.values()]
    lengths = sorted({step.digits for step in steps if isinstance(step, Otp)})
    return _cut(digits, lengths) or []


def _cut(digits: str, lengths: list[int]) -> list[str] | None:
    if not digits:
        return []
    for length in lengths:
        rest = _cut(digits[length:], lengths) if length <= len(digits) else None
        if rest is not None:
            return [digits[:length], *rest]
    return None
