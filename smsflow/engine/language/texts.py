"""Reading texts: in one language or several, by name, or from a template file of their own.

Every template and expression is compiled while it is read, so that a missing brace is told at its
own line and not when the first person should have been texted.
"""

from __future__ import annotations

import re

from smsflow.engine.language import source
from smsflow.engine.language.catalogues import Catalogue, path_of
from smsflow.engine.language.reading import Context, Refused, listed, scalar, suggest
from smsflow.engine.language.source import Node, Scalar
from smsflow.engine.language.traps import quoted
from smsflow.engine.model import Expression, Template, Text
from smsflow.engine.templating.templates import TemplateError, compile_expression, compile_text
from smsflow.errors import Issue, Place

_TEMPLATE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def read_text(ctx: Context, node: Node) -> Text:
    """A text slot: inline, by language, `{text: name}` or `{template: name}`."""
    if isinstance(node, Scalar):
        return Text({"": inline(ctx, node)})
    if isinstance(node, source.Sequence):
        hint = "write a text, or one for each language: {en: ..., fr: ...}"
        raise ctx.refuse(node.place, "F202", "a text is expected here, not a list", hint)
    if len(node.items) == 1:
        key, child = node.items[0]
        if key.text == "text":
            return _named(ctx, child)
        if key.text == "template":
            return _from_files(ctx, child)
    return _by_language(ctx, node)


def inline(ctx: Context, node: Node) -> Template:
    """A template that stands in the flow file."""
    found = scalar(ctx, node, "a text")
    note_cut(ctx, found)
    ctx.origins[found.place] = found
    try:
        compile_text(found.text, ctx.filters)
    except TemplateError as error:
        raise _broken(ctx, found, error) from None
    return Template(found.text, found.place)


def expression(ctx: Context, node: Scalar, text: str) -> Expression:
    """A bare expression, compiled."""
    ctx.origins[node.place] = node
    try:
        compile_expression(text, ctx.filters)
    except TemplateError as error:
        message = f"this expression can't be read: {error.message}"
        raise ctx.refuse(node.place, "F403", message, "such as: score <= 3") from None
    return Expression(text, node.place)


def note_cut(ctx: Context, node: Scalar) -> None:
    """Note a text that YAML cut at ` #`; a comment stands two spaces away."""
    if not node.comment:
        return
    whole = node.text + node.comment.rstrip()
    lines = node.raw.split("\n")
    column = len(lines[-1]) + (node.place.column if len(lines) == 1 else 1)
    line = node.place.line + len(lines) - 1
    place = Place(node.place.file, line, column + 1, max(len(node.comment.rstrip()) - 1, 1))
    hint = f"put the text in quotes: {quoted(whole)}, or two spaces before a comment"
    ctx.issue(place, "F108", "YAML cuts this text here, for ' #' begins a comment", hint)


def _broken(ctx: Context, node: Scalar, error: TemplateError) -> Refused:
    place = node.place_of_line(error.line) if error.line else node.place
    hint = "values stand in {{ }}, conditions in {% if ... %} ... {% endif %}"
    if error.kind == "refused":
        hint = "all that a text can do stands in docs/language.md, under Values"
    return ctx.refuse(place, "F401", f"this text can't be read: {error.message}", hint)


def _named(ctx: Context, node: Node) -> Text:
    found = scalar(ctx, node, "the name of a text")
    if found.text in ctx.texts:
        return ctx.texts[found.text]
    return _from_catalogues(ctx, found)


def _from_catalogues(ctx: Context, name: Scalar) -> Text:
    """A text of the project, in those of the flow's languages that have it."""
    ctx.catalogues.note_use(name)
    there: dict[str, Scalar] = {}
    trouble: list[Issue] = []
    for language in ctx.languages:
        catalogue = ctx.catalogues.by_language.get(language, Catalogue())
        if (issue := catalogue.trouble(name.text)) is not None:
            trouble.append(issue)
        elif name.text in catalogue.texts:
            there[language] = catalogue.texts[name.text]
    if trouble:
        ctx.issues += trouble
        raise Refused
    if not there:
        known = {*ctx.texts, *ctx.catalogues.names(ctx.languages)}
        otherwise = f"write it in {path_of(ctx.languages[0])}"
        hint = suggest(name.text, known, f"{otherwise}, or under `texts` of this flow")
        raise ctx.refuse(name.place, "F304", f"there is no text {name.text!r}", hint)
    missing = [language for language in ctx.languages if language not in there]
    if missing:
        message = f"the text {name.text!r} is missing in {listed(missing)}"
        ctx.issue(name.place, "F601", message, f"write it in {path_of(missing[0])}", "warning")
    for language, found in there.items():
        ctx.used_texts.setdefault(language, {})[name.text] = found
    return Text({language: inline(ctx, found) for language, found in there.items()})


def _by_language(ctx: Context, node: source.Mapping) -> Text:
    variants: dict[str, Template] = {}
    refused = False
    for key, child in node:
        if key.text not in ctx.languages:
            _no_language(ctx, node, key, child)
            refused = True
            continue
        try:
            variants[key.text] = inline(ctx, child)
        except Refused:
            refused = True
    if not variants and not refused:
        hint = "write one for each language: {en: ..., fr: ...}"
        raise ctx.refuse(node.place, "F210", "a text is expected here; nothing stands here", hint)
    missing = [language for language in ctx.languages if language not in variants]
    if refused:
        raise Refused
    if missing:
        message = f"this text is missing in {listed(missing)}"
        hint = f"those readers get it in {next(iter(variants))}"
        ctx.issue(node.place, "F601", message, hint, "warning")
    ordered = {each: variants[each] for each in ctx.languages if each in variants}
    return Text(ordered)


def _no_language(ctx: Context, node: source.Mapping, key: Scalar, child: Node) -> None:
    if cut_by_comma(ctx, node, key):
        return
    if isinstance(child, Scalar) and " " in key.text:
        hint = "put the whole text in quotes"
        ctx.issue(key.place, "F107", "this text holds ': ', so YAML reads it as a key", hint)
        return
    known = f"`languages` has: {listed(ctx.languages)}"
    hint = suggest(key.text, {*ctx.languages, "text", "template"}, known)
    message = f"{key.text!r} is not one of the flow's languages ({listed(ctx.languages)})"
    ctx.issue(key.place, "F311", message, hint)


def cut_by_comma(ctx: Context, node: source.Mapping, key: Scalar) -> bool:
    """True for words without a colon behind a text and a comma, noted as the end of that text."""
    at = [each for each, _ in node].index(key)
    before = [value.value for _, value in node.items[:at] if isinstance(value, Scalar)]
    if not any(isinstance(each, str) for each in before) or not _bare(*node.items[at]):
        return False
    message = "a comma inside { } ends a text, so this is read as a key"
    ctx.issue(key.place, "F109", message, "put the text before it in quotes, comma and all")
    return True


def _bare(key: Scalar, child: Node) -> bool:
    """True when no colon stands behind a key: libyaml puts its value right at its end."""
    if not isinstance(child, Scalar) or not child.plain or child.raw:
        return False
    last = key.place_at(len(key.text) - 1)
    return (child.place.line, child.place.column) == (last.line, last.column + 1)


def _from_files(ctx: Context, node: Node) -> Text:
    found = scalar(ctx, node, "the name of a template")
    if not _TEMPLATE_NAME.fullmatch(found.text):
        message = f"{found.text!r} can't be the name of a template"
        raise ctx.refuse(found.place, "F310", message, "templates/<name>.<language>.j2")
    paths = {language: f"templates/{found.text}.{language}.j2" for language in ctx.languages}
    there = {language: path for language, path in paths.items() if path in ctx.templates}
    single = f"templates/{found.text}.j2"
    if single in ctx.templates:
        there[""] = single
    if not there:
        names = {path.split("/")[-1].split(".")[0]: path for path in ctx.templates}
        wanted = paths[ctx.languages[0]]
        same = names.get(found.text)
        hint = f"name {same} so" if same else suggest(found.text, names, f"write {wanted}")
        message = f"there is no {wanted}"
        raise ctx.refuse(found.place, "F305", message, hint)
    missing = [language for language in ctx.languages if language not in there]
    if missing and "" not in there:
        message = f"the template {found.text!r} is missing in {listed(missing)}"
        hint = f"write {paths[missing[0]]}"
        ctx.issue(found.place, "F601", message, hint, "warning")
    return Text({language: _file(ctx, path) for language, path in there.items()})


def _file(ctx: Context, path: str) -> Template:
    """A template file as a text; one line break at its end belongs to the file, not to the text."""
    content = ctx.templates[path].removesuffix("\n")
    ctx.used[path] = ctx.templates[path]
    place = Place(path, 1, 1, max(len(content.partition("\n")[0]), 1))
    whole = Scalar(content, True, place, content)
    ctx.origins[place] = whole
    if not content.strip():
        raise ctx.refuse(place, "F210", "this template is empty", "write the text")
    try:
        compile_text(content, ctx.filters)
    except TemplateError as error:
        raise _broken(ctx, whole, error) from None
    return Template(content, place)
