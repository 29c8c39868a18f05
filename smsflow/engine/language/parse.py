"""The way in: files of a project to its flows, and every mistake on the way.

The files come as bytes; nothing here opens one. What comes out is either sound or absent: a flow
with an error is not among the flows, so nobody can be texted by half of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from smsflow.engine.extension import NOTHING, Extension, Unusable
from smsflow.engine.language import project as projects
from smsflow.engine.language.catalogue_files import check_languages, read_catalogues
from smsflow.engine.language.catalogues import Catalogues, as_json, from_json
from smsflow.engine.language.check import (
    check_flow,
    check_other_flows,
    check_together,
    handed_over,
)
from smsflow.engine.language.click_checks import check_clicks
from smsflow.engine.language.compose import read
from smsflow.engine.language.flows import FlowReading, read_flow
from smsflow.engine.language.project import read_project
from smsflow.engine.language.reading import Context, listed, suggest
from smsflow.engine.language.source import decode_file
from smsflow.engine.model import Flow, Project
from smsflow.engine.words.compliance import ComplianceWords
from smsflow.errors import Issue, Place, ProjectInvalid

__all__ = ["Loaded", "load", "read_bundle", "read_flows", "read_project"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A project as far as it is sound. `bundles` has, by flow, what `read_bundle` takes."""

    project: Project | None
    flows: Mapping[str, Flow]
    issues: tuple[Issue, ...]
    bundles: Mapping[str, str] = field(default_factory=dict)
    extension: Extension = NOTHING  # what the project's Python module registers
    catalogues: Catalogues = field(default_factory=Catalogues)

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues that keep the project from running."""
        return tuple(issue for issue in self.issues if issue.level == "error")

    def sound(self) -> Loaded:
        """This, when it has no errors; else ProjectInvalid with all of them."""
        if self.errors:
            raise ProjectInvalid(self.errors)
        return self


def load(files: Mapping[str, bytes], extension: Extension | Unusable | None = None) -> Loaded:
    """Read a project folder, given as relative path -> content, and check all of it.

    `extension` is what its Python module registers, or why that can't be used. Without it, names of
    actions, filters and types of a project that has such a module are taken as they are written.
    """
    if projects.FILE not in files:
        hint = "begin a project with `smsflow init DIR`, or go to the folder of yours"
        issue = Issue(Place(projects.FILE, 1, 1), "F201", f"there is no {projects.FILE}", hint)
        return Loaded(None, {}, (issue,))
    trouble = extension if isinstance(extension, Unusable) else None
    extension = extension if isinstance(extension, Extension) else None
    catalogues, of_catalogues = read_catalogues(files, extension)
    project, issues = read_project(files[projects.FILE], extension=extension, catalogues=catalogues)
    issues += of_catalogues
    if trouble is not None:
        named = projects.python_of(files[projects.FILE])
        place = named.place if named is not None else Place(projects.FILE, 1, 1)
        issues.append(Issue(place, "F315", trouble.message, trouble.hint))
    templates = _templates(files, issues)
    if project is None:  # its issues are told; flows are read without its names
        languages = projects.languages_of(files[projects.FILE])
        base = Context(projects.FILE, languages=languages, templates=templates, extension=extension)
        base.catalogues = catalogues
    else:
        base = _context(project, templates, catalogues, extension)
    readings: list[FlowReading] = []
    texts: dict[str, str] = {}
    for path in sorted(filter(_is_flow, files)):
        text, found = decode_file(files[path], path)
        texts[path] = text
        issues += found
        if not found:
            readings += _readings(text, path, base, issues)
    for reading in readings:
        check_flow(reading)
        issues += reading.ctx.issues
    spoken = [*base.languages, *(each for one in readings for each in one.ctx.languages)]
    issues += check_languages(catalogues, spoken)
    issues += check_together(readings)
    issues += check_other_flows(readings)
    issues += check_clicks(readings)
    issues += _system(project, readings)
    unique = tuple(sorted(dict.fromkeys(issues), key=_order))
    bad = {issue.place.file for issue in unique if issue.level == "error"}
    sound = [each for each in readings if each.sound and each.place.file not in bad]
    return Loaded(
        project,
        {each.flow.name: each.flow for each in sound if each.flow},
        unique,
        {each.name: _bundle(each, texts[each.place.file]) for each in sound},
        extension or NOTHING,
        catalogues,
    )


def _system(project: Project | None, readings: list[FlowReading]) -> Iterator[Issue]:
    """What is wrong with the flows that the project starts by itself."""
    known = {each.name: each for each in readings}
    for purpose, name in (project.system if project else {}).items():
        place = project.system_places[purpose] if project else Place(projects.FILE, 1, 1)
        if name not in known:
            hint = suggest(name, known, f"the project has: {listed(sorted(known))}")
            yield Issue(place, "F313", f"there is no flow {name!r}", hint)
        elif (flow := known[name].flow) is not None:
            yield from handed_over((), flow, place)


def _order(issue: Issue) -> tuple[Place, str]:
    return issue.place, issue.code


def _is_flow(path: str) -> bool:
    parts = PurePosixPath(path)
    inside = len(parts.parts) == 2 and parts.parts[0] == "flows"
    return inside and parts.suffix in (".yaml", ".yml") and not parts.name.startswith("_")


def _templates(files: Mapping[str, bytes], issues: list[Issue]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, data in files.items():
        parts = PurePosixPath(path)
        if parts.suffix != ".j2" or parts.parts[0] != "templates" or parts.name.startswith("_"):
            continue
        text, wrong = decode_file(data, path)
        issues += wrong
        found[path] = text
    return found


def read_flows(
    data: bytes | str,
    file: str,
    *,
    project: Project,
    templates: Mapping[str, str],
    catalogues: Catalogues,
    extension: Extension | None = None,
) -> tuple[list[Flow], list[Issue]]:
    """The flows of one file that have no error, and every issue; `templates`: path -> content."""
    text, issues = (data, []) if isinstance(data, str) else decode_file(data, file)
    if issues:
        return [], issues
    readings = _readings(text, file, _context(project, templates, catalogues, extension), issues)
    for reading in readings:
        check_flow(reading)
        issues += reading.ctx.issues
    issues += check_together(readings)
    unique = sorted(dict.fromkeys(issues), key=_order)
    if any(issue.level == "error" for issue in unique):
        return [], unique
    return [each.flow for each in readings if each.flow], unique


def _context(
    project: Project,
    templates: Mapping[str, str],
    catalogues: Catalogues,
    extension: Extension | None,
) -> Context:
    words = ComplianceWords(
        stop=project.stop_words, start=project.start_words, help=project.help_words
    )
    return Context(
        projects.FILE,
        languages=project.languages,
        timezone=project.timezone,
        numbers=frozenset(project.numbers),
        policies=frozenset(project.policies),
        templates=templates,
        catalogues=catalogues,
        fields=project.fields,
        compliance=words,
        answers=project.answers,
        services=project.services,
        extension=extension if extension is not None or project.python else NOTHING,
        update=project.update,
    )


def _readings(text: str, file: str, base: Context, issues: list[Issue]) -> list[FlowReading]:
    documents, found = read(text, file)
    issues += found
    if found:
        return []
    if not documents:
        issues.append(Issue(Place(file, 1, 1), "F502", "this file is empty", "write smsflow: 1"))
    several = len(documents) > 1
    return [read_flow(_fresh(base, file), document, several=several) for document in documents]


def _fresh(ctx: Context, file: str) -> Context:
    """The same world for another document."""
    return Context(
        file,
        ctx.languages,
        ctx.timezone,
        ctx.numbers,
        ctx.policies,
        ctx.templates,
        catalogues=ctx.catalogues,
        fields=ctx.fields,
        compliance=ctx.compliance,
        answers=ctx.answers,
        services=ctx.services,
        extension=ctx.extension,
        update=ctx.update,
        kept=ctx.kept,
    )


# --- a version, kept ------------------------------------------------------------------------------


def _missing(file: str, name: str) -> Issue:
    return Issue(Place(file, 1, 1), "F301", f"no flow {name!r} stands here")


def _bundle(reading: FlowReading, text: str) -> str:
    ctx = reading.ctx
    content = {
        "flow": reading.name,
        "file": ctx.file,
        "text": text,
        "languages": list(ctx.languages),
        "templates": dict(ctx.used),
        "answers": dict(ctx.sets),
        **({"texts": as_json(ctx.used_texts)} if ctx.used_texts else {}),
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def read_bundle(json_text: str, project: Project) -> Flow:
    """The flow of a bundle, with the version that it had then.

    Names of numbers, policies and words that the project has lost since do not matter here, for a
    session that is under way goes on. ProjectInvalid when it can't be read at all.
    """
    content = json.loads(json_text)
    file, name = content["file"], content["flow"]
    context = Context(
        file,
        languages=tuple(content["languages"]),
        timezone=project.timezone,
        templates=content["templates"],
        catalogues=from_json(content.get("texts", {})),
        answers=content.get("answers", {}),
        kept=True,
    )
    issues: list[Issue] = []
    for reading in _readings(content["text"], file, context, issues):
        if reading.name == name:
            if reading.flow is not None:
                return reading.flow
            issues += [issue for issue in reading.ctx.issues if issue.level == "error"]
    raise ProjectInvalid(issues or [_missing(file, name)])
