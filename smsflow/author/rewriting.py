"""Texts of a YAML file written anew, and every other byte of it left as it is.

A text keeps the form that it has (plain, in quotes, a block) where its new words allow that, else
it gets double quotes. Whether they do is not guessed: the file is read again after each change,
and has to be the same but for that one text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from smsflow.author.yaml_text import quoted
from smsflow.engine.language.compose import read
from smsflow.engine.language.source import Node, Scalar, Sequence, decode_file
from smsflow.errors import Place

_BOM = b"\xef\xbb\xbf"


class CantRewrite(ValueError):
    """A text can't be written anew where it stands; `place` is where."""

    def __init__(self, place: Place, message: str) -> None:
        self.place = place
        super().__init__(message)


def rewritten(data: bytes, texts: Mapping[Place, str]) -> bytes:
    """The file with these texts in place of those that begin there; CantRewrite says which can't
    be. A file that can't be read at all must not be given."""
    text, _ = decode_file(data, "")
    scalars = _scalars(text)
    found = {(each.place.line, each.place.column): at for at, each in enumerate(scalars)}
    pieces: list[tuple[int, int, str]] = []  # where from, where to, what: the last one first
    for place, new in sorted(texts.items(), key=lambda each: each[0], reverse=True):
        at = found.get((place.line, place.column))
        if at is None:
            raise CantRewrite(place, "there is no text of its own")
        start = _offset(text, place)
        old = _written(scalars[at])
        if old.startswith(("&", "!")):
            raise CantRewrite(place, "it has an anchor, so other lines may share it")
        wanted = [each.text for each in scalars]
        wanted[at] = new
        for candidate in _candidates(scalars[at], old, new, place.column):
            changed = text[:start] + candidate + text[start + len(old) :]
            if [each.text for each in _scalars(changed)] == wanted:
                break
        else:
            raise CantRewrite(place, "its new words can't be written there")
        pieces.append((start, start + len(old), candidate))
        text, scalars = changed, _scalars(changed)
    return _spliced(data, pieces)


def _scalars(text: str) -> list[Scalar]:
    """All texts of a file, keys among them; [] when it can't be read."""
    documents, issues = read(text, "")
    return [] if issues else [each for document in documents for each in _within(document.root)]


def _within(node: Node) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Sequence():
            for each in node:
                yield from _within(each)
        case _:
            for key, value in node:
                yield key
                yield from _within(value)


def _offset(text: str, place: Place) -> int:
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1


def _written(scalar: Scalar) -> str:
    """The text as it stands in the file; the empty lines behind a block are not its own."""
    return scalar.raw.rstrip("\n") if _is_block(scalar) else scalar.raw


def _is_block(scalar: Scalar) -> bool:
    return not scalar.plain and scalar.raw[:1] in ("|", ">")


def _candidates(scalar: Scalar, old: str, new: str, column: int) -> Iterator[str]:
    """Ways to write the new text, the most like the old one first."""
    if _is_block(scalar):
        head, _, body = old.partition("\n")
        first = next((line for line in body.split("\n") if line.strip()), " " * column)
        indent = first[: len(first) - len(first.lstrip())]
        lines = new.removesuffix("\n").split("\n")
        if old[0] == "|" or len(lines) == 1:
            yield "\n".join([head, *(f"{indent}{line}" if line else "" for line in lines)])
    elif scalar.plain and new and "\n" not in new:
        yield new
    elif old.startswith("'") and "\n" not in new:
        yield "'" + new.replace("'", "''") + "'"
    yield quoted(new)


def _spliced(data: bytes, pieces: list[tuple[int, int, str]]) -> bytes:
    """The bytes with pieces put in, by their place in the text as it is read: its line breaks
    count as one character, and new ones are written like the first of the file."""
    text = data.decode("utf-8-sig")
    starts = [found.start() for found in re.finditer(r"\r\n|[\s\S]", text)] + [len(text)]
    first = re.search(r"\r\n|\r|\n", text)
    for start, end, new in pieces:
        lines = new.replace("\n", first[0]) if first else new
        text = text[: starts[start]] + lines + text[starts[end] :]
    return (_BOM if data.startswith(_BOM) else b"") + text.encode()
