"""What every part of the reader shares: the issues so far, the names that exist, the hints.

Reading goes on after a mistake, so that one run shows all of them. `refuse` notes the issue and
gives an exception that stops only the value at hand; the mapping around it catches it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smsflow.engine.extension import Extension
from smsflow.engine.language import source
from smsflow.engine.language.catalogues import Catalogues
from smsflow.engine.language.source import Node, Scalar
from smsflow.engine.model import ContactField, Service, Text
from smsflow.engine.words.compliance import ComplianceWords
from smsflow.errors import Issue, Place


class Refused(Exception):
    """This value can't be read."""


@dataclass(slots=True)
class Context:
    """Everything that reading a file needs to know, and what it has found."""

    file: str
    languages: tuple[str, ...] = ()
    timezone: str = "UTC"
    numbers: frozenset[str] | None = None  # None: any name will do
    policies: frozenset[str] | None = None
    templates: Mapping[str, str] = field(default_factory=dict)  # path -> content
    texts: dict[str, Text] = field(default_factory=dict)  # the named ones of this file
    catalogues: Catalogues = field(default_factory=Catalogues)  # those of the project
    issues: list[Issue] = field(default_factory=list)
    origins: dict[Place, Scalar] = field(default_factory=dict)  # where a template or expression was
    used: dict[str, str] = field(default_factory=dict)  # templates that were asked for
    used_texts: dict[str, dict[str, Scalar]] = field(default_factory=dict)  # of the catalogues
    fields: Mapping[str, ContactField] | None = None  # declared fields of contacts
    compliance: ComplianceWords | None = None  # None: any word will do
    flows_named: list[Scalar] = field(default_factory=list)  # names of other flows in this one
    answers: Mapping[str, str] | None = None  # the project's answer sets, as JSON
    sets: dict[str, str] = field(default_factory=dict)  # those of them that were asked for
    services: Mapping[str, Service] | None = None  # None: any name will do
    extension: Extension | None = None  # the project's Python; None: any name will do
    update: str = "pin"  # what flows do that don't say
    kept: bool = False  # a version that sessions are on: checks of meaning have been done

    @property
    def filters(self) -> frozenset[str] | None:
        """The names of the project's own filters; None while they are not known."""
        return None if self.extension is None else self.extension.filter_names

    def issue(
        self, place: Place, code: str, message: str, hint: str = "", level: str = "error"
    ) -> None:
        """Note an issue and go on."""
        self.issues.append(Issue(place, code, message, hint, level))

    def refuse(self, place: Place, code: str, message: str, hint: str = "") -> Refused:
        """Note an issue; raise what comes back to give this value up."""
        self.issue(place, code, message, hint)
        return Refused()


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of a mapping that could be read, the places of all its keys, and the nodes."""

    values: Mapping[str, Any]
    places: Mapping[str, Place]
    nodes: Mapping[str, Node]
    place: Place

    def get(self, name: str, default: Any = None) -> Any:
        """The value, else `default`."""
        return self.values.get(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.values


def suggest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint for a name that does not exist: the closest that does, else `otherwise`."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, 1, 0.6) or [
        name for name in names if name.lower() == word.lower()
    ]
    return f"did you mean {close[0]!r}?" if close else otherwise


def listed(words: Iterable[str]) -> str:
    """Words as they stand in a sentence."""
    return ", ".join(words)


def kind_of(node: Node) -> str:
    """What a node is, for a message."""
    match node:
        case source.Mapping():
            return "a mapping"
        case source.Sequence():
            return "a list"
        case _:
            return repr(node.text) if len(node.text) < 40 else "a text"


def scalar(ctx: Context, node: Node, wanted: str) -> Scalar:
    """The node as a scalar that is not empty, else refused."""
    if not isinstance(node, Scalar):
        raise ctx.refuse(node.place, "F202", f"{wanted} is expected here, not {kind_of(node)}")
    if not node.text.strip():
        hint = "write it behind the colon; one that begins with # needs quotes"
        raise ctx.refuse(
            node.place, "F210", f"{wanted} is expected here; nothing stands here", hint
        )
    return node
