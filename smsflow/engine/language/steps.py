"""From drafts to steps: one builder for each verb, and the links between them.

A step's `next` is the one behind it; a handler's last step goes on behind its owner, so a session
needs no stack to find its way back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from smsflow.engine.language import slots
from smsflow.engine.language.asking import answer_of, forbid_compliance_words
from smsflow.engine.language.drafts import Draft
from smsflow.engine.language.reading import Context, Fields, Refused, suggest
from smsflow.engine.language.source import Mapping as MappingNode
from smsflow.engine.language.source import Scalar
from smsflow.engine.model import (
    AnyStep,
    Ask,
    Delivery,
    Duration,
    End,
    Goto,
    If,
    Nudge,
    Otp,
    Resend,
    Retry,
    Send,
    Set,
    Switch,
    Text,
    Value,
    Wait,
)
from smsflow.engine.scope import RESERVED
from smsflow.engine.templating import templates


class Linker:
    """Makes the steps of one flow from its drafts."""

    def __init__(
        self, ctx: Context, sections: Mapping[str, str], ids: set[str], lines: Mapping[str, int]
    ) -> None:
        self.ctx = ctx
        self.sections = sections
        self.ids = ids
        self.lines = lines  # of sections and ids, for hints
        self.steps: dict[str, AnyStep] = {}

    def link(self, drafts: list[Draft], after: str | None) -> None:
        """Make the steps of a list; behind its last one comes `after`."""
        followers = [*(draft.id for draft in drafts[1:]), after]
        for draft, following in zip(drafts, followers, strict=False):  # of no steps, none follow
            outcomes = {name: handler[0].id for name, handler in draft.handlers.items() if handler}
            self.steps[draft.id] = self._step(draft, following, outcomes)
            for handler in draft.handlers.values():
                self.link(handler, following)

    def _step(self, draft: Draft, following: str | None, outcomes: dict[str, str]) -> AnyStep:
        common: dict[str, Any] = {
            "id": draft.id,
            "place": draft.place,
            "when": draft.fields.get("when"),
            "next": following,
            "outcomes": outcomes,
        }
        try:
            if draft.main is None:
                raise Refused
            if draft.verb == "goto":
                return self._goto(draft, common)
            return _BUILDERS[draft.verb](self.ctx, draft, common)
        except Refused:
            return Goto(**common, target="")  # its issue is noted; the graph stays whole

    def _goto(self, draft: Draft, common: dict[str, Any]) -> AnyStep:
        """A goto; one with a `when` is an `if`, for when it is skipped it goes on behind itself."""
        target = self._target(draft)
        condition = common.pop("when")
        if condition is not None:
            return If(**{**common, "outcomes": {"then": target}}, condition=condition)
        return Goto(**{**common, "next": target}, target=draft.main)

    def _target(self, draft: Draft) -> str:
        name = draft.main
        if name in self.sections:
            return self.sections[name]
        if name in self.ids:
            return str(name)
        close = suggest(name, {*self.sections, *self.ids})
        hint = "add it under `sections`"
        if close:
            found = close.split("'")[1]
            what = "section" if found in self.sections else "step"
            hint = f"did you mean '{found}' ({what}, line {self.lines.get(found, 0)})?"
        place = draft.fields.nodes["goto"].place
        raise self.ctx.refuse(place, "F301", f"'{name}' is no section and no step id", hint)


def _delivery(fields: Fields) -> Delivery:
    return Delivery(fields.get("deliver"), fields.get("via", ()), fields.get("report_within"))


def _send(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    return Send(**common, text=draft.main, delivery=_delivery(draft.fields))


def _ask(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    answer, minimum, maximum = answer_of(ctx, draft)
    if "save" in fields:
        variable(ctx, fields, "save")
    _needs(ctx, fields, "on_timeout", "timeout")
    _needs(ctx, fields, "on_skip", "skip")
    retry, nudge = fields.get("retry"), fields.get("nudge")
    skip = fields.get("skip", ())
    forbid_compliance_words(ctx, skip)
    return Ask(
        **common,
        text=draft.main,
        delivery=_delivery(fields),
        answer=answer,
        save=fields.get("save"),
        valid=fields.get("valid"),
        invalid=fields.get("invalid"),
        retry=_retry(ctx, retry) if retry else Retry(),
        nudge=_nudge(ctx, nudge) if nudge and "after" in nudge else None,
        skip=slots.texts_of(skip),
        default=fields.get("default"),
        timeout=fields.get("timeout"),
        minimum=minimum,
        maximum=maximum,
    )


def variable(ctx: Context, fields: Fields, key: str) -> None:
    """Note a name that can't be a variable."""
    name, node = fields.get(key), fields.nodes[key]
    if not name.isidentifier() or name in RESERVED:
        why = "is a name of smsflow's own" if name in RESERVED else "can't be read in a text"
        ctx.issue(node.place, "F310", f"{name!r} {why}", "use letters, digits and _")


def _needs(ctx: Context, fields: Fields, handler: str, key: str) -> None:
    if handler in fields.places and key not in fields.places:
        message = f"'{handler}' can never happen: this step has no '{key}'"
        ctx.issue(fields.places[handler], "F212", message, f"add '{key}' or leave it out")


def _retry(ctx: Context, fields: Fields) -> Retry:
    times = fields.get("times", 2)
    if times > 10:
        ctx.issue(fields.places["times"], "F208", f"'times' must be from 0 to 10, not {times}")
    return Retry(times, fields.get("text"))


def _nudge(ctx: Context, fields: Fields) -> Nudge:
    times = slots.positive(ctx, fields, "times", 1, 10)
    return Nudge(fields.get("after"), times, fields.get("text"))


def _wait(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    if isinstance(draft.main, Duration):
        if "on_past" in draft.fields.places:
            message = "'on_past' can never happen: this step has no 'until'"
            ctx.issue(draft.fields.places["on_past"], "F212", message, "leave it out")
        return Wait(**common, duration=draft.main)
    until = draft.main.get("until")
    if until is None:
        raise Refused
    return Wait(**common, until=until, offset=draft.main.get("offset", Duration()))


def _if(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    return If(**common, condition=draft.main)


def _switch(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    return Switch(**common, subject=draft.main)


def _set(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    node = draft.fields.nodes["set"]
    assignments: list[tuple[str, Value]] = []
    for key, _ in node if isinstance(node, MappingNode) else ():
        if _assignable(ctx, key) and key.text in draft.main:
            assignments.append((key.text, draft.main[key.text]))
    return Set(**common, assignments=tuple(assignments))


def _assignable(ctx: Context, key: Scalar) -> bool:
    owner, _, name = key.text.rpartition(".")
    if not name.isidentifier() or owner not in ("", "contact") or key.text in RESERVED:
        hint = "write a variable such as score, or contact.<field>"
        ctx.issue(key.place, "F310", f"{key.text!r} can't be set", hint)
        return False
    if owner and ctx.fields is not None and name not in ctx.fields:
        hint = suggest(name, ctx.fields, "declare it in smsflow.yaml under contact, fields")
        message = f"smsflow.yaml declares no contact field {name!r}"
        ctx.issue(key.place, "F405", message, hint, "warning")
    return True


def _otp(ctx: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    fields = draft.fields
    digits = fields.get("digits", 6)
    if not 4 <= digits <= 10:
        message = f"'digits' must be from 4 to 10, not {digits}"
        ctx.issue(fields.places["digits"], "F208", message)
    _prints_code(ctx, draft.main)
    resend = fields.get("resend")
    return Otp(
        **common,
        text=draft.main,
        delivery=_delivery(fields),
        digits=digits,
        expires=fields.get("expires", Otp.expires),
        attempts=slots.positive(ctx, fields, "attempts", Otp.attempts, 10),
        accept=fields.get("accept", Otp.accept),
        wrong=fields.get("wrong"),
        resend=_resend(ctx, resend) if resend and "words" in resend else None,
        lock=fields.get("lock", Otp.lock),
    )


def _prints_code(ctx: Context, text: Text) -> None:
    for template in text.variants.values():
        if "code" not in templates.compile_text(template.source).names:
            message = "this text does not print the code"
            ctx.issue(template.place, "F213", message, "write {{ code }} where it belongs")


def _resend(ctx: Context, fields: Fields) -> Resend:
    words = fields.get("words")
    forbid_compliance_words(ctx, words)
    times = slots.positive(ctx, fields, "times", 2, 10)
    return Resend(slots.texts_of(words), times, fields.get("every", Duration(seconds=30)))


def _end(_: Context, draft: Draft, common: dict[str, Any]) -> AnyStep:
    if common["when"] is None:  # else it can be skipped, and the flow goes on behind it
        common["next"] = None
    return End(**common, label=draft.main, text=draft.fields.get("text"))


_BUILDERS: Mapping[str, Callable[[Context, Draft, dict[str, Any]], AnyStep]] = {
    "send": _send,
    "ask": _ask,
    "wait": _wait,
    "if": _if,
    "switch": _switch,
    "set": _set,
    "otp": _otp,
    "end": _end,
}
