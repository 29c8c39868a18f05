"""Bodies of the provider's API as plain values, written in JSON or in XML.

Whatever is above this module sees one tree: dictionaries, lists, texts, numbers and truths, spelt
as in JSON. XML has no types and marks lists by wrapping them, so which names are numbers, truths
and lists stands here. A document type in XML is refused, for what it can name is not ours to fetch.
Source: manual, "Content-Type & Accept header" and its XML examples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from xml.etree.ElementTree import (  # nosec - only to build and to name errors; defusedxml reads
    Element,
    ParseError,
    SubElement,
    tostring,
)

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MOST_DEPTH = 40  # elements inside one another; the API has seven


class Format(StrEnum):
    """How bodies are written."""

    JSON = "json"
    XML = "xml"

    @property
    def content_type(self) -> str:
        """The media type of Content-Type and Accept."""
        return f"application/{self.value}"

    @classmethod
    def of(cls, content_type: str) -> Format:
        """What a Content-Type says; JSON unless it says XML."""
        return cls.XML if "xml" in content_type.lower() else cls.JSON


# Wrappers, with the name of what they hold one of. `to` holds several `to`.
_LISTS = {
    "messages": "message",
    "destinations": "destination",
    "results": "result",
    "previews": "preview",
    "days": "day",
    "bulks": "bulk",
}
_WHOLE = frozenset(
    {
        *("id", "groupId", "smsCount", "messageCount", "pendingMessageCount", "validityPeriod"),
        *("charactersRemaining", "hour", "minute", "amount"),
    }
)
_DECIMAL = frozenset({"pricePerMessage", "balance"})
_TRUTHS = frozenset(
    {
        *("permanent", "ported", "roaming", "flash", "intermediateReport"),
        *("singleShift", "lockingShift"),
    }
)


def read(body: bytes, format_: Format) -> object:
    """The tree of a body; ValueError says what is wrong with it, in a few words."""
    if format_ is Format.XML:
        return _tree(_parsed(body), 0)
    try:
        tree: object = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    return tree


def write(tree: Mapping[str, object], format_: Format) -> bytes:
    """The body of a request."""
    if format_ is Format.JSON:
        return json.dumps(tree, separators=(",", ":")).encode()
    root = Element("request")
    _fill(root, tree)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


# --- XML ------------------------------------------------------------------------------------------


def _parsed(body: bytes) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError("the body has a document type, which is not read") from None
    except (ParseError, ValueError, LookupError):  # the latter for an encoding that nobody knows
        raise ValueError("the body is not XML") from None
    return root


def _tree(element: Element, depth: int) -> object:
    """The value of an element: a list for a wrapper, an object for other parents, else a leaf."""
    if depth > MOST_DEPTH:
        raise ValueError("the body is nested too deeply")
    name, children = _name(element), list(element)
    if name in _LISTS and all(_name(child) in (name, _LISTS[name]) for child in children):
        return [_tree_of_item(child, depth + 1) for child in children]
    if not children:
        return _leaf(name, element.text or "") if depth else {}
    found: dict[str, object] = {}
    for child in children:
        key, value = _name(child), _tree(child, depth + 1)
        if key in found and key in _LISTS:  # a list without a wrapper
            found[key] = [*_listed(found[key]), *_listed(value)]
        else:
            found[key] = value
    return found


def _tree_of_item(element: Element, depth: int) -> object:
    """One of a list, which can have its wrapper's own name in the older dialect."""
    if depth > MOST_DEPTH:
        raise ValueError("the body is nested too deeply")
    children = list(element)
    if not children:
        return _leaf(_name(element), element.text or "")
    return {_name(child): _tree(child, depth + 1) for child in children}


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _name(element: Element) -> str:
    """The name without a namespace."""
    return str(element.tag).rpartition("}")[2]


def _leaf(name: str, text: str) -> object:
    """The value that JSON would have; a text that doesn't fit its type stays a text."""
    told = text.strip()
    if name in _TRUTHS and told.lower() in ("true", "false"):
        return told.lower() == "true"
    if name in _WHOLE and told.lstrip("-").isdecimal() and told.isascii() and len(told) < 10:
        return int(told)
    if name in _DECIMAL:
        try:
            return float(told)
        except ValueError:
            return text
    return text


def _fill(parent: Element, tree: Mapping[str, object]) -> None:
    for name, value in tree.items():
        child = SubElement(parent, name)
        match value:
            case Mapping():
                _fill(child, value)
            case list() | tuple():
                for each in value:
                    item = SubElement(child, _LISTS.get(name, name))
                    if isinstance(each, Mapping):
                        _fill(item, each)
                    else:
                        item.text = _text(each)
            case _:
                child.text = _text(value)


def _text(value: object) -> str:
    """A leaf as XML writes it; what XML can't carry at all becomes a replacement character."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "".join(char if _carried(char) else "\ufffd" for char in str(value))


def _carried(char: str) -> bool:
    """True for what a document can hold (XML 1.0 section 2.2) and read back as it is."""
    return (
        char in "\t\n" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff"
    )
