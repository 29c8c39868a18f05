"""The world in which a test begins: the contact, the moment, the codes that will be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine import policy
from smsflow.engine.codes import DIGITS, LETTERS
from smsflow.engine.errands import KNOWN
from smsflow.engine.inputs import read_value
from smsflow.engine.language.reading import Context, Refused, suggest
from smsflow.engine.model import Flow, Otp, Project
from smsflow.engine.state import Contact
from smsflow.engine.transcripts.lines import check_moment
from smsflow.engine.transcripts.services import (
    Outside,
    is_request,
    lookup_problem,
    reply_problem,
)
from smsflow.engine.world import World
from smsflow.errors import Place
from smsflow.sms.numbers import is_phone, normalise

# What of the world outside counts besides the contact and the moment.
AROUND = ("http", "actions", "lookup", "history", "random")
GIVEN = ("now", "contact", "start", "http", "actions", "lookup", "codes", "history", "random")
START = "2025-01-06 09:00"  # a Monday, when a test doesn't say
PHONE = "+447700900123"  # of a range that is kept for fiction
SEED = 1


class ScriptedRandom(Random):
    """Seeded randomness whose first draws are the characters of the codes that are given.

    `drawn` has every character of a code that was drawn, for a conversation to be written
    down.
    """

    def __init__(self, seed: int, codes: str = "") -> None:
        super().__init__(seed)
        self._scripted = list(codes)
        self.drawn = ""

    def choice(self, seq: Any) -> Any:
        """The next scripted character, else a random one."""
        if seq not in (DIGITS, LETTERS):
            return super().choice(seq)
        digit = self._scripted.pop(0) if self._scripted else super().choice(seq)
        self.drawn += digit
        return digit


class GivenInvalid(ValueError):
    """What `given` says does not fit the project; `path` names the part that is wrong."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a simulation begins with; `zone` is that of moments without one."""

    contact: Contact
    now: datetime
    rng: ScriptedRandom
    zone: str
    outside: Outside


# --- form: what can be seen without the project ---------------------------------------------------


def check_given(ctx: Context, given: Mapping[str, Any], place_of: Callable[[str], Place]) -> None:
    """Note every mistake of form in a `given`."""
    _moment(ctx, given.get("now", START), place_of("now"))
    _contact(ctx, given.get("contact", {}), place_of)
    if not isinstance(given.get("start") or {}, Mapping):
        hint = "{} starts it without inputs, null does not start it"
        ctx.issue(place_of("start"), "F202", "'start' takes the inputs as a mapping", hint)
    codes = given.get("codes", [])
    well = isinstance(codes, list) and all(
        isinstance(code, str) and code and not (code.strip(DIGITS) and code.strip(LETTERS))
        for code in codes
    )
    if not well:
        hint = f'such as ["482913"]; codes of letters are made of {LETTERS}'
        ctx.issue(place_of("codes"), "F202", "codes are a list of digits", hint)
    seed = given.get("random", SEED)
    if isinstance(seed, bool) or not isinstance(seed, int):
        ctx.issue(place_of("random"), "F202", "'random' is a whole number", "such as 7")
    _outside(ctx, given, place_of)
    history = given.get("history", [])
    if not isinstance(history, list) or not all(_is_start(each) for each in history):
        hint = "such as [{flow: otp, at: 2025-03-01 09:00}]"
        ctx.issue(place_of("history"), "F202", "'history' is a list of earlier starts", hint)
        return
    for each in history:
        _moment(ctx, each["at"], place_of("history"))


def _outside(ctx: Context, given: Mapping[str, Any], place_of: Callable[[str], Place]) -> None:
    """Replies of services, and results of actions."""
    http, actions = given.get("http", {}), given.get("actions", {})
    if not isinstance(http, Mapping):
        hint = "such as {POST crm:/csat: 201}"
        ctx.issue(place_of("http"), "F202", "'http' has replies by call", hint)
        return
    for words, reply in http.items():
        place = place_of(f"http.{words}")
        if not is_request(words):
            ctx.issue(place, "F208", f"{words!r} is no call", "such as POST crm:/csat, or with *")
        elif problem := reply_problem(reply):
            ctx.issue(
                place, "F208", f"{words}: {problem}", "such as 204 or {status: 200, body: {}}"
            )
    if not isinstance(actions, Mapping):
        hint = "such as {lookup: {name: Ada}}, or {lookup: {fails: not found}}"
        ctx.issue(place_of("actions"), "F202", "'actions' has results by name", hint)
    known = given.get("lookup", {})
    if not isinstance(known, Mapping):
        hint = 'such as {"+447700900123": {reachable: false}}, or {"*": {fails: no answer}}'
        ctx.issue(place_of("lookup"), "F202", "'lookup' has what is known by number", hint)
        return
    for phone, told in known.items():
        if problem := lookup_problem(told):
            place, hint = place_of(f"lookup.{phone}"), f"known: fails, {', '.join(KNOWN)}"
            ctx.issue(place, "F208", f"{phone}: {problem}", hint)


def _is_start(entry: Any) -> bool:
    return isinstance(entry, Mapping) and set(entry) == {"flow", "at"}


def _moment(ctx: Context, written: Any, place: Place) -> None:
    try:
        check_moment(ctx, str(written), place)
    except Refused:
        return


def _contact(ctx: Context, contact: Any, place_of: Callable[[str], Place]) -> None:
    if not isinstance(contact, Mapping):
        hint = 'such as {phone: "+447700900123", language: fr}'
        ctx.issue(place_of("contact"), "F202", "'contact' is a mapping", hint)
        return
    for key in ("subscribed", "groups"):
        names = contact.get(key, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            place = place_of(f"contact.{key}")
            ctx.issue(place, "F202", f"'{key}' is a list of names", "such as [marketing]")
    phone = str(contact.get("phone", PHONE))
    try:
        whose = normalise(phone)
    except ValueError as error:
        ctx.issue(place_of("contact.phone"), "F208", str(error))
    else:
        if not is_phone(whose):
            message = f"{phone!r} is no phone number of a person"
            ctx.issue(place_of("contact.phone"), "F208", message, f'such as "{PHONE}"')
    try:
        ZoneInfo(str(contact.get("timezone", "UTC")))
    except (KeyError, ValueError, OSError):
        message = f"{contact['timezone']!r} is no IANA time zone"
        ctx.issue(place_of("contact.timezone"), "F208", message, "such as Europe/London")


# --- meaning: together with the project and the flow ----------------------------------------------


def begin(given: Mapping[str, Any], world: World, *, seed: int = SEED) -> Beginning:
    """What a checked `given` means in this world; GivenInvalid when it doesn't fit."""
    project = world.project
    contact = _contact_of(given.get("contact", {}), project)
    zone = policy.zone_of(contact.phone, known=contact.timezone, project=project.timezone)
    for entry in given.get("history", []):
        at = moment(entry["at"], zone)
        contact.starts.setdefault(str(entry["flow"]), []).append(at)
    codes = given.get("codes", [])
    _check_codes(codes, world.flows.values())
    rng = ScriptedRandom(given.get("random", seed), "".join(codes))
    outside = Outside(
        http=given.get("http", {}),
        actions=given.get("actions", {}),
        functions=world.extension.actions,
        lookup=given.get("lookup", {}),
    )
    return Beginning(contact, moment(given.get("now", START), zone), rng, zone, outside)


def moment(written: Any, zone: str) -> datetime:
    """A moment as tests write it, in UTC; one without a zone is local time in `zone`."""
    found: datetime = read_value("datetime", str(written), zone=zone)
    return found.astimezone(UTC)


def _contact_of(given: Mapping[str, Any], project: Project) -> Contact:
    contact = Contact(normalise(str(given.get("phone", PHONE))))
    contact.language = given.get("language")
    contact.timezone = given.get("timezone")
    contact.groups = sorted(given.get("groups", []))
    contact.lists = sorted(given.get("subscribed", []))
    zone = policy.zone_of(contact.phone, known=contact.timezone, project=project.timezone)
    for name, value in given.items():
        if name in ("phone", "language", "timezone", "groups", "subscribed"):
            continue
        declared = project.fields.get(name)
        try:
            contact.fields[name] = (
                read_value(declared.type, value, zone=zone) if declared else value
            )
        except ValueError as error:
            raise GivenInvalid(f"contact.{name}", f"contact.{name} {error}") from None
        close = "" if declared else suggest(name, project.fields)
        if close:
            raise GivenInvalid(f"contact.{name}", f"contacts have no field '{name}': {close}")
    return contact


def _check_codes(codes: list[str], flows: Iterable[Flow]) -> None:
    steps = [step for flow in flows for step in flow.steps.values()]
    lengths = {step.digits for step in steps if isinstance(step, Otp)}
    for code in codes:
        if lengths and len(code) not in lengths:
            wanted = " or ".join(map(str, sorted(lengths)))
            message = f"'{code}' has {len(code)} digits; the codes of the flows have {wanted}"
            raise GivenInvalid("codes", message)
