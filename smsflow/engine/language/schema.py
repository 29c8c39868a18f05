"""What an editor needs to complete and to explain flow files: JSON Schema, draft 2020-12.

Made from the same table as the checker (`grammar`), so the two can't drift apart. The checker does
not use it: where one of nine verbs may stand, a schema can only say that none of nine fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smsflow.engine.language import grammar, literals
from smsflow.engine.language.grammar import COMMON, VERBS, Key, Kind, Slot
from smsflow.engine.model import Flow, Project

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_OURS = {"^x-": True}  # keys for anchors and for other tools
# A plain scalar may look like a number to the editor's YAML, as +447700900000 does.
_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_WORD: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_HINTS = {
    Kind.CONDITION: "A bare Jinja2 expression, such as score <= 3; no braces.",
    Kind.DURATION: "A length of time, such as 30s, 10m, 4h, 1h30m or 2d.",
    Kind.OFFSET: "A length of time, with a minus for before: -1d.",
    Kind.TIME: "A local time, such as 08:00.",
    Kind.RATE: "How many in how long, such as 5/1h.",
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a project has; None where they are not known, and any name will do."""

    numbers: tuple[str, ...] | None = None
    policies: tuple[str, ...] | None = None
    providers: tuple[str, ...] | None = None
    flows: tuple[str, ...] | None = None
    targets: tuple[str, ...] = ()  # sections and steps: what `goto` is likely to name
    fields: tuple[str, ...] = ()  # of contacts
    services: tuple[str, ...] = ()
    actions: tuple[str, ...] | None = None


def names_of(project: Project | None, flows: Iterable[Flow], actions: Iterable[str] = ()) -> Names:
    """The names of a project as far as it could be read; `actions` are those of its Python."""
    flows = list(flows)
    targets = {name: None for flow in flows for name in (*flow.sections, *_own_ids(flow))}
    if project is None:
        return Names(targets=tuple(targets))
    return Names(
        numbers=tuple(project.numbers),
        policies=tuple(project.policies),
        providers=tuple(project.providers),
        flows=tuple(flow.name for flow in flows),
        targets=tuple(targets),
        fields=tuple(project.fields),
        services=tuple(project.services),
        actions=tuple(actions) or None,
    )


def _own_ids(flow: Flow) -> Iterable[str]:
    """Ids that an author gave; the others hold a slash or come from an outcome."""
    return (name for name in flow.steps if "/" not in name)


def flow_schema(names: Names | None = None) -> dict[str, Any]:
    """The schema of one document of a flow file; `names` adds what the project calls things."""
    writer = _Writer(names or Names())
    root = writer.record(grammar.FLOW)
    return {
        "$schema": _DRAFT,
        "title": "A flow of smsflow",
        "description": "What happens between the service and one person.",
        **root,
        "$defs": writer.definitions(),
    }


def project_schema(names: Names | None = None) -> dict[str, Any]:
    """The schema of smsflow.yaml."""
    writer = _Writer(names or Names())
    root = writer.record(grammar.PROJECT)
    provider = root["properties"]["numbers"]["additionalProperties"]["properties"]["provider"]
    if names is not None and names.providers:
        provider["examples"] = list(names.providers)
    return {
        "$schema": _DRAFT,
        "title": "A project of smsflow",
        "description": "The world in which flows run: numbers, providers, rules.",
        **root,
        "$defs": {"text": _text(), "typed": writer.typed()},
    }


def _text() -> dict[str, Any]:
    """A text, or one for each language, or one that stands elsewhere."""
    elsewhere = [
        {
            "type": "object",
            "properties": {key: {"type": "string", "description": doc}},
            "required": [key],
            "additionalProperties": False,
        }
        for key, doc in (
            ("text", "the name of a text under `texts`, or in texts/<language>.yaml"),
            ("template", "templates/<name>.<language>.j2"),
        )
    ]
    by_language = {
        "type": "object",
        "minProperties": 1,
        "not": {"anyOf": [{"required": ["text"]}, {"required": ["template"]}]},
        "additionalProperties": _SCALAR,
        "description": "One text for each language: {en: ..., fr: ...}.",
    }
    return {
        "description": "A Jinja2 text, or one for each language.",
        "anyOf": [_SCALAR, *elsewhere, by_language],
    }


class _Writer:
    """Slots and keys of the grammar, as schemas with the names of one project."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def definitions(self) -> dict[str, Any]:
        """What flows share: each verb is an entry of its own."""
        verbs = {name: self._verb(name) for name in VERBS}
        return {
            "text": _text(),
            "typed": self.typed(),
            "step": {
                "description": f"One step; its verb is one of: {', '.join(VERBS)}.",
                "anyOf": [{"$ref": f"#/$defs/{name}"} for name in verbs],
            },
            "steps": {
                "description": "A step, or a list of steps.",
                "anyOf": [
                    {"$ref": "#/$defs/step"},
                    {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
                ],
            },
            **verbs,
        }

    def _verb(self, name: str) -> dict[str, Any]:
        verb = VERBS[name]
        own = Key(verb.slot, verb.doc, required=True)
        found = {"description": verb.doc, **self.record({name: own, **COMMON, **verb.keys})}
        if verb.by_label:
            handlers = {"^on_": {"$ref": "#/$defs/steps"}}
            found["patternProperties"] = {**found["patternProperties"], **handlers}
        return found

    def record(self, keys: Mapping[str, Key]) -> dict[str, Any]:
        """A mapping with these keys and no others."""
        found: dict[str, Any] = {
            "type": "object",
            "properties": {name: self._key(key) for name, key in keys.items()},
            "patternProperties": _OURS,
            "additionalProperties": False,
        }
        required = [name for name, key in keys.items() if key.required]
        return {**found, "required": required} if required else found

    def _key(self, key: Key) -> dict[str, Any]:
        hint = _HINTS.get(key.slot.kind)
        doc = f"{key.doc[:1].upper()}{key.doc[1:].rstrip('.')}."
        return {**self._slot(key.slot), "description": f"{doc} {hint}" if hint else doc}

    def typed(self) -> dict[str, Any]:
        """A type, or a type with a default and the rest."""
        return {"anyOf": [{"enum": list(grammar.TYPES)}, self.record(grammar.TYPED)]}

    # --- slots -----------------------------------------------------------------------------------

    def _slot(self, slot: Slot) -> dict[str, Any]:
        match slot.kind:
            case Kind.RECORD if slot.keys is grammar.TRIGGER:
                return {**self.record(slot.keys), "oneOf": _each_alone(grammar.TRIGGER_KINDS)}
            case Kind.RECORD:
                return self.record(slot.keys)
            case Kind.MAP:
                return self._map(slot)
            case Kind.CHOICES:
                words = self._slot(Slot(Kind.WORDS))
                names = {"type": "array", "minItems": 1, "items": _SCALAR}
                return {"anyOf": [{"type": "object", "additionalProperties": words}, names]}
            case Kind.HANDLERS:
                return {"type": "object", "additionalProperties": {"$ref": "#/$defs/steps"}}
            case Kind.LIST:
                return {"type": "array", "items": self._slot(slot.item or Slot(Kind.LITERAL))}
            case Kind.DATA:
                variables = {"type": "array", "items": {"type": "string"}}
                return {"anyOf": [{"type": "object"}, variables, {"type": "string"}]}
            case Kind.BY_VERB:
                return self._by_verb()
            case Kind.DURATION_OR_RECORD:
                length = self._slot(Slot(Kind.DURATION))
                said = [{"required": [name]} for name in ("until", "at", "event")]
                return {"anyOf": [length, {**self.record(slot.keys), "anyOf": said}]}
            case Kind.OFF_OR_RECORD:
                return {"anyOf": [{"const": "off"}, self.record(slot.keys)]}
            case Kind.TIMES_OR_RECORD:
                return {"anyOf": [{"type": "integer", "minimum": 0}, self.record(slot.keys)]}
            case Kind.YES_OR_RECORD:
                return {"anyOf": [{"type": "boolean"}, self.record(slot.keys)]}
            case Kind.EXPECT:
                statuses = _one_or_more({"anyOf": [{"type": "integer"}, {"type": "string"}]})
                return {"anyOf": [statuses, self.record(slot.keys)]} if slot.keys else statuses
            case _:
                return self._leaf(slot)

    def _map(self, slot: Slot) -> dict[str, Any]:
        item = slot.item or Slot(Kind.LITERAL)
        found = {"type": "object", "additionalProperties": self._slot(item)}
        if item.kind is Kind.VALUE and self._names.fields:  # `set`
            known = {f"contact.{name}": self._slot(item) for name in self._names.fields}
            return {**found, "properties": known}
        return found

    def _by_verb(self) -> dict[str, Any]:
        """`defaults`: keys of steps under the names of verbs, none of them required."""
        keys = {
            name: {key: known for key, known in verb.keys.items() if key != "save"}
            for name, verb in VERBS.items()
        }
        verbs = {name: {**self.record(found), "required": []} for name, found in keys.items()}
        return {"type": "object", "properties": verbs, "additionalProperties": False}

    def _leaf(self, slot: Slot) -> dict[str, Any]:
        match slot.kind:
            case Kind.TEXT:
                return {"$ref": "#/$defs/text"}
            case Kind.TYPED:
                return {"$ref": "#/$defs/typed"}
            case Kind.HANDLER | Kind.STEPS:
                return {"$ref": "#/$defs/steps"}
            case Kind.VALUE | Kind.LITERAL:
                return {}
            case Kind.CONDITION | Kind.PLAIN:
                return dict(_SCALAR)
            case Kind.WORDS:
                return _one_or_more(_WORD)
            case Kind.ENUM if slot.values == grammar.ANSWER_TYPES:
                return {"anyOf": [{"enum": list(slot.values)}, {"pattern": r"^(answers|app)\."}]}
            case Kind.PROVIDER:
                return {"anyOf": [{"enum": list(slot.values)}, _known(None)]}
            case Kind.ENUM:
                return {"enum": list(slot.values)}
            case Kind.ENUMS:
                return _one_or_more({"enum": list(slot.values)})
            case Kind.INTEGER:
                return {"type": "integer", "minimum": 0}
            case Kind.BOOLEAN:
                return {"type": "boolean"}
            case Kind.PAIR:
                number = {"type": "number"}
                return {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
            case _:
                return self._pattern(slot.kind)

    def _pattern(self, kind: Kind) -> dict[str, Any]:
        match kind:
            case Kind.DURATION | Kind.OFFSET:
                sign = "-?" if kind is Kind.OFFSET else ""
                rest = literals.DURATION.pattern.removeprefix("(-?)")
                return {"type": "string", "minLength": 2, "pattern": f"^\\s*{sign}{rest}\\s*$"}
            case Kind.EVENT:
                return {"type": "string", "pattern": f"^{literals.EVENT.pattern}$"}
            case Kind.FLOW:
                return _known(self._names.flows)
            case Kind.TIME:
                return {"type": "string", "pattern": f"^{literals.TIME.pattern}$"}
            case Kind.RATE:
                pattern = literals.RATE.pattern.replace("/", " */ *")
                return {"type": "string", "pattern": f"^{pattern}$"}
            case Kind.NUMBER:
                return _known(self._names.numbers)
            case Kind.NUMBERS:
                return _one_or_more(_known(self._names.numbers))
            case Kind.POLICY:
                return _known(self._names.policies)
            case Kind.NAMES:
                return _one_or_more(_known(None))
            case Kind.REQUEST:
                examples = [f"POST {name}:/" for name in self._names.services]
                return {"type": "string", **({"examples": examples} if examples else {})}
            case Kind.ACTION:
                return _known(self._names.actions)
            case Kind.TARGET if self._names.targets:
                # Others will do as well: a section may be written a moment later.
                return {"anyOf": [{"enum": list(self._names.targets)}, _known(None)]}
            case _:
                return _known(None)


def _known(names: tuple[str, ...] | None) -> dict[str, Any]:
    """One of these names; any name while they are not known."""
    if names is None:
        return {"type": "string", "pattern": f"^{literals.NAME.pattern}$"}
    return {"enum": list(names)}


def _one_or_more(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "minItems": 1, "items": item}]}


def _each_alone(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"required": [name]} for name in names]
