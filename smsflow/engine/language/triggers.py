"""Reading what starts a flow: keywords, patterns, catch-alls, and the API."""

from __future__ import annotations

from dataclasses import dataclass

from smsflow.engine.language import slots
from smsflow.engine.language.asking import forbid_compliance_words
from smsflow.engine.language.grammar import TRIGGER_KINDS
from smsflow.engine.language.reading import Context, Fields, Refused, listed, suggest
from smsflow.engine.language.source import Scalar
from smsflow.engine.model import Trigger
from smsflow.engine.scope import RESERVED
from smsflow.engine.words.keywords import PatternError, compile_pattern


@dataclass(frozen=True, slots=True)
class ReadTrigger:
    """A trigger, the places of its words, and the variables that it brings."""

    trigger: Trigger
    words: tuple[Scalar, ...]
    groups: frozenset[str] = frozenset()


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
    trigger = Trigger(
        kind=kind,
        place=fields.places[kind],
        words=slots.texts_of(words),
        match=fields.get("match", "first"),
        pattern=fields.get("pattern", ""),
        number=fields.get("to"),
        language=_language(ctx, fields),
        when=fields.get("when"),
    )
    return ReadTrigger(trigger, words, groups)


def _fitting(ctx: Context, fields: Fields, kind: str) -> None:
    if kind in ("catch_all", "api") and fields.get(kind) is not True:
        place = fields.nodes[kind].place
        raise ctx.refuse(place, "F208", f"'{kind}' can only be true", "leave the trigger out")
    misfits = {"match": kind != "keyword", "to": kind == "api", "lang": kind == "api"}
    for key, misfit in misfits.items():
        if misfit and key in fields.places:
            message = f"'{key}' does not go with '{kind}'"
            ctx.issue(fields.places[key], "F211", message, "leave it out")


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
