"""Reading smsflow.yaml: the numbers, providers and rules of the world in which flows run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from smsflow.engine.extension import NOTHING, Extension
from smsflow.engine.language import grammar, literals, slots, source
from smsflow.engine.language.answer_sets import written
from smsflow.engine.language.asking import forbid_compliance_words
from smsflow.engine.language.catalogues import Catalogues
from smsflow.engine.language.compose import read
from smsflow.engine.language.flows import version
from smsflow.engine.language.providers import provider, url
from smsflow.engine.language.reading import Context, Fields, Refused, listed, suggest
from smsflow.engine.language.services import services
from smsflow.engine.language.sms_checks import check_texts
from smsflow.engine.language.source import Node, Scalar, decode_file
from smsflow.engine.language.variables import check_project_texts
from smsflow.engine.model import (
    Caps,
    ContactField,
    DeliveryPolicy,
    Duration,
    Keep,
    Number,
    Project,
    ProviderEntry,
    QuietHours,
    StartLimit,
    Text,
)
from smsflow.engine.words.compliance import ComplianceWords
from smsflow.engine.words.folding import fold
from smsflow.errors import Issue, Place
from smsflow.sms.options import NO_OPTIONS

FILE = "smsflow.yaml"

LONGEST_CAP = timedelta(days=31)
SHORTEST_KEEP = timedelta(days=3)

_ADDRESS = re.compile(r"\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 .&_-]{1,11}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}")


def read_project(
    data: bytes | str,
    file: str = FILE,
    *,
    extension: Extension | None = None,
    catalogues: Catalogues | None = None,
) -> tuple[Project | None, list[Issue]]:
    """The project of a smsflow.yaml, None when it has an error, and every issue.

    `extension` is what its Python module registers; None takes names of it as they are written.
    `catalogues` are the texts that it can name.
    """
    text, issues = (data, []) if isinstance(data, str) else decode_file(data, file)
    if issues:
        return None, issues
    documents, issues = read(text, file)
    if issues:
        return None, issues
    if len(documents) != 1:
        message = "this file is empty" if not documents else "this file has several documents"
        return None, [Issue(Place(file, 1, 1), "F201", message, "write smsflow-project: 1")]
    ctx = Context(file, languages=("en",), extension=extension)
    ctx.catalogues = catalogues or Catalogues()
    project = None
    with suppress(Refused):
        project = _project(ctx, documents[0].root)
        own = dict(project.texts)
        choice = [own.pop("did_you_mean")] if "did_you_mean" in own else []
        texts = [
            *([project.default_reply] if project.default_reply else []),
            *own.values(),
            *(each.fallback for each in project.policies.values() if each.fallback),
        ]
        ctx.fields = project.fields
        check_project_texts(ctx, texts)
        check_project_texts(ctx, choice, frozenset({"words", "last"}))
        check_texts(ctx, ((text, NO_OPTIONS) for text in (*texts, *choice)))
    unique = sorted(dict.fromkeys(ctx.issues), key=lambda issue: issue.place)
    return (None if any(issue.level == "error" for issue in unique) else project), unique


def python_of(data: bytes, file: str = FILE) -> Scalar | None:
    """What stands under `python`, as far as it can be read in a file with mistakes."""
    documents, _ = read(decode_file(data, file)[0], file)
    root = documents[0].root if documents else None
    node = root.get("python") if isinstance(root, source.Mapping) else None
    return node if isinstance(node, Scalar) and node.text.strip() else None


def languages_of(data: bytes, file: str = FILE) -> tuple[str, ...]:
    """The languages of a project, as far as they can be read in a file with mistakes."""
    ctx = Context(file, languages=("en",))
    documents, _ = read(decode_file(data, file)[0], file)
    for document in documents[:1]:
        _names_first(ctx, document.root)
    return ctx.languages


def _project(ctx: Context, root: Node) -> Project:
    _names_first(ctx, root)
    if ctx.extension is None and isinstance(root, source.Mapping) and not root.get("python"):
        ctx.extension = NOTHING
    fields = slots.record(ctx, root, grammar.PROJECT, "in smsflow.yaml")
    version(ctx, fields, "smsflow-project")
    providers = {
        name: provider(ctx, name, entry) for name, entry in fields.get("providers", {}).items()
    }
    compliance = fields.get("compliance")
    words: dict[str, tuple[str, ...]] = {
        key: slots.texts_of(compliance.get(key, ())) if compliance else ()
        for key in ("stop", "start", "help")
    }
    ctx.compliance = ComplianceWords(**words)
    contact, system = fields.get("contact"), fields.get("system")
    limits = fields.get("limits")
    replies = limits and limits.get("replies")
    return Project(
        name=fields.get("name", "smsflow"),
        languages=ctx.languages,
        timezone=ctx.timezone,
        numbers=_numbers(ctx, fields, providers),
        providers=providers,
        policies=_policies(ctx, fields),
        fields=_contact_fields(ctx, contact.get("fields", {}) if contact else {}),
        public_url=url(ctx, fields, "public_url"),
        countries=_countries(ctx, fields),
        quiet=_quiet(ctx, fields),
        default_reply=fields.get("default_reply"),
        stop_words=words["stop"],
        start_words=words["start"],
        help_words=words["help"],
        texts=_texts(compliance) | _own_texts(fields.get("texts")),
        replies=StartLimit(*replies) if replies else None,
        caps=_caps(ctx, limits) if limits else Caps(),
        keep=_keep(ctx, fields.get("keep")) if fields.get("keep") else Keep(),
        commands=_commands(ctx, fields),
        system=system.values if system else {},
        system_places={name: node.place for name, node in system.nodes.items()} if system else {},
        answers=written(fields.nodes.get("answers")),
        services=services(ctx, fields),
        python=fields.get("python", ""),
        python_place=fields.nodes["python"].place if "python" in fields else None,
        update=fields.get("update", "pin"),
    )


def _commands(ctx: Context, fields: Fields) -> dict[str, tuple[str, ...]]:
    """Words of the project's commands; each word stands for one."""
    found = fields.get("commands")
    taken: dict[str, str] = {}
    for name, words in found.values.items() if found else ():
        forbid_compliance_words(ctx, words)
        for word in words:
            owner = taken.setdefault(fold(word.text) or word.text, name)
            if owner != name:
                message = f"{word.text!r} stands for '{owner}' already"
                ctx.issue(word.place, "F321", message, "use another word")
    if "human" in (found or ()) and "human" not in (fields.get("system") or ()):
        message = "'human' needs a flow that brings a person"
        ctx.issue(found.places["human"], "F201", message, "write system: {human: name of a flow}")
    return {name: slots.texts_of(words) for name, words in found.values.items()} if found else {}


def _names_first(ctx: Context, root: Node) -> None:
    """What other keys refer to, wherever it stands in the file."""
    if not isinstance(root, source.Mapping):
        return
    languages = root.get("languages")
    if languages is not None:
        nodes = languages.items if isinstance(languages, source.Sequence) else (languages,)
        found = [each for each in nodes if isinstance(each, Scalar)]
        for each in found:
            if not literals.LANGUAGE.fullmatch(each.text):
                message = f"{each.text!r} is no language code"
                ctx.issue(each.place, "F310", message, "such as en, fr or pt-BR")
        ctx.languages = tuple(dict.fromkeys(each.text for each in found)) or ctx.languages
    numbers = root.get("numbers")
    if isinstance(numbers, source.Mapping):
        ctx.numbers = frozenset(key.text for key, _ in numbers)
    zone = root.get("timezone")
    if isinstance(zone, Scalar):
        ctx.timezone = literals.zone(ctx, zone.text, zone.place) or ctx.timezone


# --- numbers and providers ------------------------------------------------------------------------


def _numbers(
    ctx: Context, fields: Fields, providers: Mapping[str, ProviderEntry]
) -> dict[str, Number]:
    found: dict[str, Number] = {}
    addresses: dict[str, str] = {}
    for name, entry in fields.get("numbers", {}).items():
        address, provider = entry.get("address"), entry.get("provider")
        if address is not None and not _ADDRESS.fullmatch(address):
            message = f"{address!r} is no address to send from"
            hint = '+ and country code, such as "+447700900000", a short code, or a name'
            ctx.issue(entry.nodes["address"].place, "F208", message, hint)
        owner = addresses.setdefault(address, name)
        if address is not None and owner != name:
            message = f"{address} is the address of {owner!r} already"
            ctx.issue(entry.nodes["address"].place, "F307", message, "each number stands once")
        if provider is not None and provider not in providers:
            known = f"`providers` has: {listed(providers) or 'nothing'}"
            hint = suggest(provider, providers, known)
            message = f"`providers` has no {provider!r}"
            ctx.issue(entry.nodes["provider"].place, "F306", message, hint)
        found[name] = Number(name, address or "", provider or "", entry.place)
    if not found and "numbers" in fields:
        ctx.issue(fields.places["numbers"], "F201", "no numbers stand here", "write at least one")
    return found


def _countries(ctx: Context, fields: Fields) -> tuple[str, ...]:
    nodes = fields.get("countries", ())
    for node in nodes:
        if not _COUNTRY.fullmatch(node.text):
            message = f"{node.text!r} is no country code"
            ctx.issue(node.place, "F208", message, "two capital letters, such as GB")
    return slots.texts_of(nodes)


# --- rules ----------------------------------------------------------------------------------------


def _policies(ctx: Context, fields: Fields) -> dict[str, DeliveryPolicy]:
    found: dict[str, DeliveryPolicy] = {}
    for name, entry in fields.get("deliver", {}).items():
        resend = entry.get("resend")
        times = slots.positive(ctx, resend, "times", 1, 10) if resend else 0
        found[name] = DeliveryPolicy(
            name=name,
            via=entry.get("via", ()),
            report_within=entry.get("report_within"),
            failover_on=frozenset(entry.get("failover_on", ())),
            resend_times=times,
            resend_after=resend.get("after", Duration(seconds=1800)) if resend else Duration(),
            resend_on=frozenset(resend.get("on", ())) if resend else frozenset(),
            give_up=entry.get("give_up"),
            fallback=entry.get("fallback"),
        )
    return found


def _quiet(ctx: Context, fields: Fields) -> QuietHours | None:
    quiet = fields.get("quiet")
    if not quiet or "from" not in quiet or "to" not in quiet:
        return None
    start, end = quiet.get("from"), quiet.get("to")
    if start == end:
        message = "quiet hours that begin and end at one time leave nothing, or everything"
        ctx.issue(quiet.places["to"], "F208", message, "write two different times")
    kinds = quiet.get("kinds", ("marketing", "transactional"))
    return QuietHours(start, end, frozenset(kinds))


def _caps(ctx: Context, limits: Fields) -> Caps:
    found: dict[str, StartLimit] = {}
    for name in ("marketing", "texts", "prefix", "total"):
        if (rate := limits.get(name)) is not None:
            found[name] = StartLimit(*rate)
            if _whole(rate[1]) > LONGEST_CAP:
                message = f"texts are counted for {LONGEST_CAP.days} days, not longer"
                ctx.issue(limits.places[name], "F208", message, "such as 30/1d")
    return Caps(**found)


def _keep(ctx: Context, keep: Fields) -> Keep:
    found: dict[str, timedelta] = {}
    for name in ("texts", "traces", "attempts", "sessions", "dead_letters"):
        if (length := keep.get(name)) is not None:
            found[name] = _whole(length)
            if found[name] < SHORTEST_KEEP:
                message = "reports and audits still need what is younger than 3 days"
                ctx.issue(keep.places[name], "F208", message, "3d or more")
    return Keep(**found)


def _whole(length: Duration) -> timedelta:
    return timedelta(days=length.days, seconds=length.seconds)


def _contact_fields(ctx: Context, declared: Mapping[str, Any]) -> dict[str, ContactField]:
    found: dict[str, ContactField] = {}
    for name, entry in declared.items():
        if name in ("phone", "language", "timezone", "groups", "subscribed"):
            message = f"every contact has {name!r}; it can't be declared"
            ctx.issue(entry.place, "F310", message, "leave it out")
        elif entry.type == "object":
            message = "a contact's field can't be an object"
            ctx.issue(entry.place, "F207", message, "declare its parts as fields")
        else:
            found[name] = ContactField(name, entry.type, entry.default, entry.place)
    return found


def _own_texts(texts: Fields | None) -> dict[str, Text]:
    return dict(texts.values) if texts else {}


def _texts(compliance: Fields | None) -> dict[str, Text]:
    texts = compliance.get("texts") if compliance else None
    return {f"compliance.{name}": text for name, text in texts.values.items()} if texts else {}
