"""XML of the provider's API: requests to plain values, and trees of answers to elements.

The two forms of a request say the same, so XML is turned into what JSON would have given, and the
rest of the sandbox knows one form only. The manual shows JSON alone; names of roots and wrappers
are those of later documents of the same API. A request can be hostile: it has no document type, no
entities, and bounds on depth and on the number of its elements.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

MOST_DEPTH = 12  # elements inside of each other; the deepest request of the manual has 6
MOST_ELEMENTS = 100_000

_WRAPPERS = {"messages", "destinations", "days", "to"}
_OBJECTS = {"messages", "destinations"}  # wrappers whose members are objects
_FLAGS = {"flash", "intermediateReport", "singleShift", "lockingShift"}
_NUMBERS = {"validityPeriod", "amount", "hour", "minute"}
_MEMBERS = {
    "results": "result",
    "messages": "message",
    "previews": "preview",
}
_WHOLE = re.compile(r"-?[0-9]{1,30}")
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Node:
    """One element: its name, the elements in it, and its text."""

    __slots__ = ("inner", "name", "words")

    def __init__(self, name: str) -> None:
        self.name = name.rpartition("}")[2]  # without a namespace
        self.inner: list[_Node] = []
        self.words: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.words)


class _Builder:
    """What the parser tells its findings to; ValueError when it is too much."""

    def __init__(self, most: int) -> None:
        self._above = [_Node("")]
        self._left = most

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._left -= 1
        if len(self._above) > MOST_DEPTH or self._left < 0:
            raise ValueError("too many elements")
        node = _Node(name)
        self._above[-1].inner.append(node)
        self._above.append(node)

    def data(self, text: str) -> None:
        self._above[-1].words.append(text)

    def end(self, _name: str) -> None:
        self._above.pop()

    @property
    def root(self) -> _Node:
        return self._above[0].inner[0]


def read_xml(body: bytes, most_elements: int = MOST_ELEMENTS) -> object:
    """The value of a request in XML, as JSON would tell it; ValueError for what is none."""
    builder = _Builder(most_elements)
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(body)
        parser.close()
    except (ParseError, DefusedXmlException, LookupError) as error:
        raise ValueError(str(error)) from None
    if builder.root.name != "request":
        raise ValueError("the root must be request")
    return _fields(builder.root)


def _fields(node: _Node) -> dict[str, object]:
    """An element that holds fields. A wrapper that is repeated is one list."""
    told: dict[str, object] = {}
    for each in node.inner:
        value = _value(each)
        known = told.get(each.name)
        if each.name in _WRAPPERS and known is not None:
            value = [*_as_list(known), *_as_list(value)]
        told[each.name] = value
    return told


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _value(node: _Node) -> object:
    """One field: a list, an object, or a value of the kind that its name has."""
    if node.name in _WRAPPERS and (node.inner or node.name in _OBJECTS):
        return [_member(each, node.name) for each in node.inner]
    if node.inner:
        return _fields(node)
    text = node.text
    word = text.strip()
    if node.name in _FLAGS and word in ("true", "false"):
        return word == "true"
    if node.name in _NUMBERS and _WHOLE.fullmatch(word):
        return int(word)
    return text


def _member(node: _Node, wrapper: str) -> object:
    """A member of a list, whatever it is called: older clients repeat the plural."""
    return _fields(node) if node.inner or wrapper in _OBJECTS else node.text


def write_xml(root: str, tree: dict[str, Any]) -> bytes:
    """The tree as UTF-8 XML under `root`; what XML can't hold is written as U+FFFD."""
    written: list[str] = []
    _write(written, root, tree)
    return "".join(written).encode()


def _write(written: list[str], name: str, value: object) -> None:
    if value in ("", []):
        written.append(f"<{name}/>")
        return
    written.append(f"<{name}>")
    match value:
        case dict() if name == "validationErrors":  # its keys are paths, which no element can be
            for path, complaints in value.items():
                for each in complaints:
                    _write(written, "validationError", {"field": path, "text": each})
        case dict():
            for inner, told in value.items():
                _write(written, inner, told)
        case list():
            for each in value:
                _write(written, _MEMBERS[name], each)
        case bool():
            written.append("true" if value else "false")
        case str():
            written.append(_escaped(value))
        case _:
            written.append(str(value))
    written.append(f"</{name}>")


def _escaped(text: str) -> str:
    """Text for between two tags. A carriage return written as it is would be read as a newline."""
    return escape(_UNWRITABLE.sub("\ufffd", text), {"\r": "&#13;"})
