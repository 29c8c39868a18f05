"""Reading `texts/<language>.yaml`: one mapping of names to texts.

A catalogue is read whole, also what nobody asks for: a missing brace is told before a flow does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from smsflow.engine.extension import Extension
from smsflow.engine.language import literals, source, texts
from smsflow.engine.language.catalogues import FOLDER, Catalogue, Catalogues, path_of
from smsflow.engine.language.compose import read
from smsflow.engine.language.reading import Context, Refused, kind_of, listed, scalar, suggest
from smsflow.engine.language.source import Node, Scalar, decode_file
from smsflow.errors import Issue, Place

_EXAMPLE = f"such as {path_of('fr')}"


def read_catalogues(
    files: Mapping[str, bytes], extension: Extension | None = None
) -> tuple[Catalogues, list[Issue]]:
    """The catalogues among the files of a project (path -> content), and every mistake in them."""
    found: dict[str, Catalogue] = {}
    issues: list[Issue] = []
    for path in sorted(filter(_is_catalogue, files)):
        language, suffix = PurePosixPath(path).stem, PurePosixPath(path).suffix
        start = Place(path, 1, 1)
        if not literals.LANGUAGE.fullmatch(language):
            hint = f"name the file after the language of its texts, {_EXAMPLE}"
            issues.append(Issue(start, "F310", f"{language!r} is no language code", hint))
        elif suffix != ".yaml":
            message = f"{path} is not read: the name of a catalogue ends with .yaml"
            issues.append(Issue(start, "F310", message, f"name it {path_of(language)}"))
        else:
            ctx = Context(path, extension=extension)
            found[language] = _catalogue(ctx, files[path])
            issues += ctx.issues
    return Catalogues(found), issues


def check_languages(catalogues: Catalogues, languages: Iterable[str]) -> Iterator[Issue]:
    """Catalogues of languages that neither the project nor a flow has."""
    known = tuple(dict.fromkeys(languages))
    for language in catalogues.by_language:
        if language not in known:
            message = f"{language!r} is not one of the project's languages ({listed(known)})"
            hint = suggest(language, known, "add it to `languages` in smsflow.yaml")
            yield Issue(Place(path_of(language), 1, 1), "F311", message, hint)


def _is_catalogue(path: str) -> bool:
    parts = PurePosixPath(path)
    inside = len(parts.parts) == 2 and parts.parts[0] == FOLDER
    return inside and parts.suffix in (".yaml", ".yml") and not parts.name.startswith("_")


def _catalogue(ctx: Context, data: bytes) -> Catalogue:
    text, ctx.issues = decode_file(data, ctx.file)
    if ctx.issues:
        return Catalogue(broken=ctx.issues[0])
    documents, ctx.issues = read(text, ctx.file)
    if not ctx.issues and len(documents) > 1:
        message = "this file has several documents"
        ctx.issue(documents[1].root.place, "F201", message, "write one mapping of names to texts")
    root = documents[0].root if documents else None
    if not ctx.issues and root is not None and not isinstance(root, source.Mapping):
        message = f"a mapping of names to texts is expected here, not {kind_of(root)}"
        ctx.issue(root.place, "F202", message, "such as welcome: Hello.")
    if ctx.issues:
        return Catalogue(broken=ctx.issues[0])
    return _entries(ctx, root) if isinstance(root, source.Mapping) else Catalogue()


def _entries(ctx: Context, root: source.Mapping) -> Catalogue:
    read_well: dict[str, Scalar] = {}
    unread: dict[str, Issue] = {}
    for key, child in root:
        if key.text.startswith("x-"):
            continue
        before = len(ctx.issues)
        try:
            read_well[key.text] = _entry(ctx, key, child)
        except Refused:
            unread[key.text] = ctx.issues[before]
    return Catalogue(read_well, unread)


def _entry(ctx: Context, key: Scalar, child: Node) -> Scalar:
    if not literals.NAME.fullmatch(key.text):
        message = f"{key.text!r} can't be the name of a text"
        raise ctx.refuse(key.place, "F310", message, "letters, digits, _ and -, such as welcome")
    if isinstance(child, source.Mapping):
        message = "a text is expected here, not a mapping"
        hint = f"each language has a file of its own, {_EXAMPLE}; a text with ': ' wants quotes"
        raise ctx.refuse(child.place, "F202", message, hint)
    found = scalar(ctx, child, "a text")
    texts.inline(ctx, found)
    return found
