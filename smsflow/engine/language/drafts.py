"""Steps as they are written: read, named and hung under each other, but not yet linked.

Ids come first, for a `goto` may name a step that stands further down: an explicit `id`, else the
`save` name of an ask, else `<section>/<verb>-<n>`, counted by verb so that a new `set` does not
rename the asks that sessions wait at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.language import slots, source
from smsflow.engine.language.answer_sets import planted
from smsflow.engine.language.grammar import COMMON, VERBS, Key, Kind, Slot
from smsflow.engine.language.reading import Context, Fields, Refused, kind_of, listed, suggest
from smsflow.engine.language.source import Node, Scalar
from smsflow.errors import Place

_KEYS: Mapping[str, Mapping[str, Key]] = {
    name: {**COMMON, name: Key(verb.slot, verb.doc, required=True), **verb.keys}
    for name, verb in VERBS.items()
}
_OUTCOME_OF = {"then": "then", "cases": "case"}  # key of handlers by name -> first half of outcome


def _keys_of(verb: str, written: source.Mapping | Mapping[str, Node]) -> Mapping[str, Key]:
    """The keys of a verb; those of the ends of another flow are as they are written."""
    if not VERBS[verb].by_label:
        return _KEYS[verb]
    names = [key.text for key, _ in written] if isinstance(written, source.Mapping) else written
    labels = (name for name in names if name.startswith("on_") and name != "on_error")
    ends = {name: Key(Slot(Kind.HANDLER), f"when it ends as {name[3:]}") for name in labels}
    return {**_KEYS[verb], **ends}


@dataclass(slots=True)
class Draft:
    """One step that was read; `handlers` maps outcomes to the steps that handle them."""

    id: str
    verb: str
    place: Place
    fields: Fields
    handlers: dict[str, list[Draft]] = field(default_factory=dict)

    @property
    def main(self) -> Any:
        """What stands behind the verb; None when it could not be read."""
        return self.fields.get(self.verb)


class Drafter:
    """Reads the lists of steps of one flow."""

    def __init__(self, ctx: Context, defaults: Mapping[str, source.Mapping]) -> None:
        self.ctx = ctx
        self.defaults = defaults
        self.ids: dict[str, Place] = {}

    def steps(self, node: Node, prefix: str) -> list[Draft]:
        """The steps of a list, or of a handler that is a single step."""
        if isinstance(node, source.Mapping):
            nodes: tuple[Node, ...] = (node,)
        elif isinstance(node, source.Sequence):
            nodes = node.items
        else:
            hint = "such as {end: done} or a list of steps"
            message = f"a step is expected here, not {kind_of(node)}"
            raise self.ctx.refuse(node.place, "F202", message, hint)
        if not nodes:
            raise self.ctx.refuse(node.place, "F502", "no steps stand here", "write at least one")
        counts: Counter[str] = Counter()
        drafts = []
        for each in nodes:
            try:
                drafts.append(self._step(each, prefix, counts))
            except Refused:
                continue
        return drafts

    def _step(self, node: Node, prefix: str, counts: Counter[str]) -> Draft:
        if not isinstance(node, source.Mapping):
            message = f"a step is a mapping such as `send: Hello`, not {kind_of(node)}"
            raise self.ctx.refuse(node.place, "F202", message, "add the verb and a colon")
        verb = self._verb(node)
        counts[verb.text] += 1
        default = self.defaults.get(verb.text)
        if default is not None:
            own = {key.text for key, _ in node}
            added = tuple(item for item in default if item[0].text not in own)
            node = source.Mapping(node.items + added, node.place)
        article = "an" if verb.text[0] in "aeio" else "a"
        where = f"in {article} '{verb.text}' step"
        if verb.text == "ask":
            node = planted(self.ctx, self._without_delivered(node))
        keys = _keys_of(verb.text, node)
        fields = slots.record(self.ctx, node, keys, where)
        draft = Draft("", verb.text, verb.place, fields)
        draft.id = self._id(draft, prefix, counts[verb.text])
        self._handlers(draft)
        return draft

    def _without_delivered(self, node: source.Mapping) -> source.Mapping:
        """A question without `on_delivered`, which is noted: only an answer takes it further."""
        for key, _ in node:
            if key.text == "on_delivered":
                message = "'on_delivered' can never happen here: a question waits for its answer"
                self.ctx.issue(key.place, "F212", message, "leave it out, or put it on a `send`")
        kept = tuple(item for item in node.items if item[0].text != "on_delivered")
        return source.Mapping(kept, node.place)

    def _verb(self, node: source.Mapping) -> Scalar:
        verbs = [key for key, _ in node if key.text in VERBS]
        if len(verbs) == 1:
            return verbs[0]
        if verbs:
            message = f"'{verbs[0].text}' and '{verbs[1].text}' stand in one step"
            hint = "begin a new step with - before it"
            raise self.ctx.refuse(verbs[1].place, "F205", message, hint)
        words = [key for key, _ in node if key.text not in COMMON]
        keys = {name for verb in VERBS.values() for name in verb.keys}
        for key in words:
            hint = suggest(key.text, VERBS)
            if hint and key.text not in keys:
                raise self.ctx.refuse(key.place, "F206", f"unknown verb '{key.text}'", hint)
        place = words[0].place if words else node.place
        hint = f"a step has one of: {listed(VERBS)}"
        if words and words[0].text in keys:
            hint = f"'{words[0].text}' belongs to a step; put it below its verb, without the '-'"
        raise self.ctx.refuse(place, "F206", "this step has no verb", hint)

    def _id(self, draft: Draft, prefix: str, number: int) -> str:
        fields = draft.fields
        chosen = fields.get("id") or (fields.get("save") if draft.verb == "ask" else None)
        if chosen is None:
            chosen = f"{prefix}/{draft.verb}-{number}"
        place = fields.places.get("id") or fields.places.get("save") or draft.place
        if chosen in self.ids:
            key = "id" if "id" in fields else "save"
            message = f"a step {chosen!r} stands on line {self.ids[chosen].line} already"
            hint = "choose another id" if key == "id" else "give one of them an `id` of its own"
            self.ctx.issue(place, "F307", message, hint)
        self.ids.setdefault(chosen, place)
        return str(chosen)

    def _handlers(self, draft: Draft) -> None:
        keys = _keys_of(draft.verb, draft.fields.nodes)
        handlers = (Kind.HANDLER, Kind.HANDLERS)
        for name in (name for name, key in keys.items() if key.slot.kind in handlers):
            node = draft.fields.nodes.get(name)
            if node is None:
                continue
            if keys[name].slot.kind is Kind.HANDLERS:
                if isinstance(node, source.Mapping):
                    for key, child in node:
                        self._handler(draft, f"{_OUTCOME_OF[name]}.{key.text}", child)
            else:
                self._handler(draft, name, node)

    def _handler(self, draft: Draft, outcome: str, node: Node) -> None:
        try:
            draft.handlers[outcome] = self.steps(node, f"{draft.id}.{outcome}")
        except Refused:
            return
