"""Reading what starts a flow: texts, the API, events, the clock, and the ends of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smsflow.engine import clockwork
from smsflow.engine.language import literals, slots, texts
from smsflow.engine.language.asking import forbid_compliance_words
from smsflow.engine.language.grammar import TRIGGER_KINDS
from smsflow.engine.language.reading import Context, Fields, Refused, listed, suggest
from smsflow.engine.language.source import Scalar, Sequence
from smsflow.engine.model import Duration, Schedule, Trigger, Value
from smsflow.engine.scope import RESERVED
from smsflow.engine.words.keywords import PatternError, compile_pattern


@dataclass(frozen=True, slots=True)
class ReadTrigger:
    """A trigger, the places of its words, and the variables that it brings."""

    trigger: Trigger
    words: tuple[Scalar, ...]
    groups: frozenset[str] = frozenset()
    fills: tuple[Scalar, ...] = ()


def read_trigger(ctx: Context, fields: Fields) -> ReadTrigger:
    """One entry under `triggers`."""
    kinds = [kind for kind in TRIGGER_KINDS if kind in fields.places]
    if len(kinds) != 1:
        place = fields.places[kinds[1]] if kinds else fields.place
        message = "this trigger says two things" if kinds else "this trigger says nothing"
        hint = f"write one of: {listed(TRIGGER_KINDS)}"
        raise ctx.refuse(place, "F205" if kinds else "F201", message, hint)
    kind = kinds[0]
    if kind not in fields:
        raise Refused
    _fitting(ctx, fields, kind)
    words = fields.get("keyword", ())
    forbid_compliance_words(ctx, words)
    groups = _groups(ctx, fields) if kind == "pattern" else frozenset()
    outcome = fields.get("outcome")
    trigger = Trigger(
        kind=kind,
        place=fields.places[kind],
        words=slots.texts_of(words),
        match=fields.get("match", "first"),
        fuzzy=fields.get("fuzzy", "off"),
        fills=fields.get("fills", ()),
        pattern=fields.get("pattern", ""),
        number=fields.get("to"),
        language=_language(ctx, fields),
        when=fields.get("when"),
        from_group=fields.get("from_group"),
        subject=fields.get("event", "") or (outcome.get("flow", "") if outcome else ""),
        contact=fields.get("contact"),
        where=fields.get("where"),
        inputs=_inputs(ctx, fields, kind),
        labels=frozenset(fields.get("delivery", ()) or (outcome.get("is", ()) if outcome else ())),
        after=fields.get("after", Duration()),
        schedule=_schedule(ctx, fields) if kind == "schedule" else None,
    )
    return ReadTrigger(trigger, words, groups, _scalars(fields, "fills"))


def _inputs(ctx: Context, fields: Fields, kind: str) -> Mapping[str, Value]:
    """Values by name; a list is what the event tells under these names."""
    node = fields.nodes.get("inputs")
    written: Mapping[str, Value] = fields.get("inputs", {})
    if not isinstance(node, Sequence) or not written:
        return written
    if kind in ("schedule", "delivery"):
        message = f"a list names what an event tells, and '{kind}' tells of none"
        raise ctx.refuse(node.place, "F211", message, "write name: value")
    return {
        each.text: Value(expression=texts.expression(ctx, each, f"event.{each.text}"))
        for each in _scalars(fields, "inputs")
    }


def _scalars(fields: Fields, key: str) -> tuple[Scalar, ...]:
    """The scalars of a list, or the one that stands for a list."""
    node = fields.nodes.get(key)
    nodes = node.items if isinstance(node, Sequence) else (node,)
    return tuple(each for each in nodes if isinstance(each, Scalar))


# Which keys go with some kinds of triggers only.
_TEXTS = frozenset({"keyword", "pattern", "catch_all"})
_BY_ITSELF = frozenset({"event", "schedule", "delivery", "outcome"})
_FITTING: Mapping[str, frozenset[str]] = {
    "match": frozenset({"keyword"}),
    "fuzzy": frozenset({"keyword"}),
    "fills": frozenset({"keyword"}),
    "to": _TEXTS,
    "lang": _TEXTS | _BY_ITSELF,
    "contact": frozenset({"event"}),
    "where": frozenset({"event", "delivery", "outcome"}),
    "inputs": _BY_ITSELF,
    "after": frozenset({"outcome"}),
    "tz": frozenset({"schedule"}),
    "from_group": frozenset(TRIGGER_KINDS) - {"schedule"},
    "audience": frozenset({"schedule"}),
    "rate": frozenset({"schedule"}),
}


def _fitting(ctx: Context, fields: Fields, kind: str) -> None:
    if kind in ("catch_all", "api", "broadcast") and fields.get(kind) is not True:
        place = fields.nodes[kind].place
        raise ctx.refuse(place, "F208", f"'{kind}' can only be true", "leave the trigger out")
    for key, kinds in _FITTING.items():
        if kind not in kinds and key in fields.places:
            message = f"'{key}' does not go with '{kind}'"
            hint = "leave it out" if key != "from_group" else "write audience: {group: ...}"
            ctx.issue(fields.places[key], "F211", message, hint)


def _schedule(ctx: Context, fields: Fields) -> Schedule:
    node = fields.nodes["schedule"]
    cron = " ".join(fields.get("schedule").split())
    problem = clockwork.problem_of(cron)
    if problem:
        hint = 'minute, hour, day, month and weekday, such as "0 9 * * mon"'
        raise ctx.refuse(node.place, "F208", f"{cron!r} is no schedule: {problem}", hint)
    zone: str | None = fields.get("tz", ctx.timezone)
    if zone == "contact":
        zone = None
    elif "tz" in fields:
        literals.zone(ctx, str(zone), fields.nodes["tz"].place, of_contacts=True)
    audience, rate = fields.get("audience"), fields.get("rate")
    return Schedule(
        cron=cron,
        zone=zone,
        group=audience.get("group") if audience else None,
        where=audience.get("where") if audience else None,
        rate=rate[0] / slots.seconds(rate[1]) if rate else None,
    )


def _language(ctx: Context, fields: Fields) -> str | None:
    language = fields.get("lang")
    if language is not None and language not in ctx.languages:
        known = f"`languages` has: {listed(ctx.languages)}"
        hint = suggest(language, ctx.languages, known)
        message = f"{language!r} is not one of the flow's languages"
        ctx.issue(fields.nodes["lang"].place, "F311", message, hint)
        return None
    return str(language) if language is not None else None


def _groups(ctx: Context, fields: Fields) -> frozenset[str]:
    place = fields.nodes["pattern"].place
    try:
        pattern = compile_pattern(fields.get("pattern"))
    except PatternError as error:
        hint = "put it in single quotes"
        raise ctx.refuse(place, "F406", str(error), hint) from None
    names = frozenset(pattern.groupindex)
    for name in sorted(names & RESERVED):
        message = f"the group {name!r} has a name of smsflow's own"
        ctx.issue(place, "F310", message, "choose another name")
    return names
