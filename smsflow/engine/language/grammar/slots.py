"""What a slot of the language is: the kinds, a key with its slot, a verb with its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What may stand in a slot."""

    TEXT = "text"  # a Jinja2 text, or one by language, or {text: name}, or {template: name}
    CONDITION = "condition"  # a bare Jinja2 expression
    VALUE = "value"  # a literal, or "{{ expression }}"
    LITERAL = "literal"  # a literal only
    PLAIN = "plain"  # a text that is no template
    NAME = "name"  # letters, digits, _ and -
    DURATION = "duration"  # 4h, 1h30m, 2d
    OFFSET = "offset"  # a duration that may begin with -
    TIME = "time"  # 08:00
    RATE = "rate"  # 5/1h
    WORDS = "words"  # one word or a list
    NAMES = "names"  # one name or a list
    INTEGER = "integer"
    BOOLEAN = "boolean"
    PAIR = "pair"  # [1, 5]
    ENUM = "enum"  # one of `values`
    ENUMS = "enums"  # one or a list of `values`
    NUMBER = "number"  # the name of a number of the project
    NUMBERS = "numbers"  # one or a list of them
    POLICY = "policy"  # the name under `deliver`
    TARGET = "target"  # a section or a step id
    HANDLER = "handler"  # one step or a list of steps
    HANDLERS = "handlers"  # handlers by name
    STEPS = "steps"  # a list of steps
    RECORD = "record"  # a mapping with the keys of `keys`
    MAP = "map"  # a mapping of free names to `item`
    CHOICES = "choices"  # a mapping of free names to words, or a list of names
    LIST = "list"  # a list of `item`
    BY_VERB = "by verb"  # keys of steps under the names of verbs
    DURATION_OR_RECORD = "duration or record"
    OFF_OR_RECORD = "off or record"  # off, or a mapping with the keys of `keys`
    DATA = "data"  # values by name, or a list of variables
    FLOW = "flow"  # the name of a flow of the project
    EVENT = "event"  # the name of an event: ticket.closed
    REQUEST = "request"  # METHOD service:/path, or METHOD and a URL
    EXPECT = "expect"  # statuses, or {status, where}
    TIMES_OR_RECORD = "times or record"  # how often, or {times, after}
    YES_OR_RECORD = "yes or record"  # true, false, or a mapping with the keys of `keys`
    PROVIDER = "provider"  # one of `values`, or a kind that the project registers
    ACTION = "action"  # the name of a registered function
    TYPED = "typed"  # a type, or {type, default, fields, values}


@dataclass(frozen=True, slots=True)
class Slot:
    """What may stand in one place."""

    kind: Kind
    values: tuple[str, ...] = ()
    keys: Mapping[str, Key] = field(default_factory=dict)
    item: Slot | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its slot, what it is for, and whether it has to be there."""

    slot: Slot
    doc: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its own slot, its keys (handlers included), and what it does."""

    slot: Slot
    doc: str
    keys: Mapping[str, Key] = field(default_factory=dict)
    by_label: bool = False  # on_<label>: a handler for each end of the other flow

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The keys that are handlers: the ways in which a step of this verb can end."""
        kinds = (Kind.HANDLER, Kind.HANDLERS)
        return tuple(name for name, key in self.keys.items() if key.slot.kind in kinds)


def key(kind: Kind, doc: str, *values: str, required: bool = False) -> Key:
    return Key(Slot(kind, values), doc, required)


def record(doc: str, *, required: bool = False, **keys: Key) -> Key:
    return Key(Slot(Kind.RECORD, keys=keys), doc, required)


def map_of(item: Slot, doc: str, *, required: bool = False) -> Key:
    return Key(Slot(Kind.MAP, item=item), doc, required)
