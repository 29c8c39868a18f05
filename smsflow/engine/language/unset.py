"""What is said of a name that may be unset: where it stands, why, and what mends it there."""

from __future__ import annotations

import re

from smsflow.engine.language import needs
from smsflow.engine.language.reading import Context, listed, suggest
from smsflow.engine.language.uses import Use
from smsflow.engine.model import AnyStep, Ask, Flow, Reaching, Run, Send, Set, Wait
from smsflow.engine.scope import RESERVED
from smsflow.engine.templating.methods import FUNCTIONS
from smsflow.errors import Place

Names = frozenset[str]
ALWAYS: Names = RESERVED | frozenset(FUNCTIONS)


def tell_field(ctx: Context, place: Place, name: str, use: Use) -> None:
    """A warning, for what is known of contacts grows while flows run."""
    field = name.removeprefix("contact.")
    if ctx.fields is None:
        return
    if field in ctx.fields:
        message = f"'{name}' may be unset: it has no default"
        hint = f"{_guard(name, use)} or give it a default in smsflow.yaml"
    else:
        message = f"smsflow.yaml declares no contact field '{field}', so it may be unset"
        hint = suggest(field, ctx.fields, "declare it in smsflow.yaml under contact, fields")
    ctx.issue(place, "F405", message, hint, "warning")


def place_of(ctx: Context, place: Place, name: str) -> Place:
    """Where the name stands inside a text."""
    scalar = ctx.origins.get(place)
    offset = needs.offset_of(scalar.text, name) if scalar else -1
    return place if scalar is None or offset < 0 else scalar.place_at(offset, len(name))


def setters(flow: Flow, name: str) -> list[AnyStep]:
    """The steps that set the name."""
    return [
        step
        for step in flow.steps.values()
        if (isinstance(step, Ask | Run | Send | Wait | Reaching) and step.save == name)
        or (isinstance(step, Set) and any(target == name for target, _ in step.assignments))
    ]


def why(flow: Flow, name: str) -> str:
    """Why it may be unset, as the second half of a sentence."""
    found = setters(flow, name)
    if not found:
        if any(each.name == name for each in flow.inputs):
            return "not every way to start this flow brings it"
        return "nothing sets it"
    step = found[0]
    verb = "asked" if isinstance(step, Ask) else "set"
    if step.when is not None:
        return f"it is {verb} only when '{step.when.source}' (line {step.when.place.line})"
    if isinstance(step, Ask) and step.skip and step.default is None and len(found) == 1:
        return f"its question can be skipped (line {step.place.line})"
    return f"it is not {verb} on every way here (line {step.place.line})"


def cure(flow: Flow, name: str, use: Use, known: Names) -> str:
    """What mends it there; `known` are the names that are set."""
    if use.slot == "head":
        readable = sorted(each for each in known - set(FUNCTIONS) if "." not in each)
        return suggest(name, readable, f"here can be read: {listed(readable)}")
    otherwise = f"{_guard(name, use)} or set it first"
    if name in own_names(flow):
        return otherwise
    if use.slot != "text":  # where no guard makes up for a name that nothing ever sets
        otherwise = f"set it first or leave '{name}' out"
    own = own_names(flow)
    for step in flow.steps.values():
        if isinstance(step, Ask) and not step.save:
            otherwise = f"the question in line {step.place.line} lacks `save: {name}`, or set it"
            return suggest(name, own, otherwise)
    return suggest(name, own | ALWAYS, otherwise)


def _guard(name: str, use: Use) -> str:
    """What keeps an unset name away from where it is used."""
    if use.slot == "condition":
        return f"write {name} is not none and ..."
    if use.slot == "text":
        printed = re.search(rf"\{{\{{-?\s*{re.escape(name)}\s*-?\}}\}}", use.source)
        if printed:
            return f"write {{{{ {name} | default('none') }}}}"
        return f"put it into {{% if {name} is not none %}}...{{% endif %}}"
    return f"add `when: {name} is not none` to the step"


def own_names(flow: Flow) -> Names:
    """The names that some way through the flow sets."""
    names = {each.name for each in flow.inputs} | set(flow.variables)
    for step in flow.steps.values():
        if isinstance(step, Ask | Run | Send | Wait | Reaching) and step.save:
            names.add(step.save)
        elif isinstance(step, Set):
            names |= {target for target, _ in step.assignments}
    return frozenset(names)
