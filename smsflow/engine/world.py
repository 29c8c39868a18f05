"""What stands around a conversation: the project, its flows, and who a text is routed to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from smsflow.engine.extension import NOTHING, Extension
from smsflow.engine.model import Expression, Flow, Project, Template, Text, Trigger, Wait
from smsflow.engine.words.compliance import TEXTS, ComplianceWords
from smsflow.engine.words.keywords import CatchAllEntry, KeywordEntry, KeywordIndex, PatternEntry
from smsflow.errors import Place
from smsflow.sms.numbers import costs_extra, country_of


@dataclass(frozen=True, slots=True)
class Route:
    """A trigger, and the flow that it starts."""

    flow: str
    trigger: Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that `advance` may know besides the conversation and the event.

    `flows` has the newest version of each flow, `pinned` the older ones that sessions of this
    batch still run. `secret` keys the digests of one-time codes.
    """

    project: Project
    flows: Mapping[str, Flow]
    keywords: KeywordIndex
    compliance: ComplianceWords
    secret: bytes
    pinned: Mapping[tuple[str, str], Flow]
    built_in: Mapping[str, Text]
    countries: frozenset[str]
    routes: Mapping[tuple[str, str], tuple[Route, ...]]  # by kind of trigger and its subject
    listeners: Mapping[str, frozenset[Expression | None]]  # by event: whose phone it is about
    extension: Extension = NOTHING

    def routes_of(self, kind: str, subject: str = "") -> tuple[Route, ...]:
        """The triggers of that kind that listen to `subject`, in the order of their flows."""
        return self.routes.get((kind, subject), ())

    def flow(self, name: str, version: str) -> Flow | None:
        """That very version of a flow."""
        newest = self.flows.get(name)
        if newest is not None and newest.version == version:
            return newest
        return self.pinned.get((name, version))

    def with_pinned(self, flows: Iterable[Flow]) -> World:
        """The same world, with older versions at hand."""
        return replace(self, pinned={(flow.name, flow.version): flow for flow in flows})

    def may_text(self, phone: str) -> bool:
        """True for a phone of an allowed country; never for premium numbers, codes and names."""
        return _country(phone) in self.countries


@lru_cache(maxsize=65_536)
def _country(phone: str) -> str | None:
    return None if costs_extra(phone) else country_of(phone)


def build(
    project: Project,
    flows: Mapping[str, Flow],
    *,
    secret: bytes,
    extension: Extension = NOTHING,
) -> World:
    """The world of a project and the newest versions of its flows."""
    allowed = project.countries or [
        country
        for number in project.numbers.values()
        if (country := country_of(number.address)) is not None
    ]
    compliance = ComplianceWords(
        stop=project.stop_words, start=project.start_words, help=project.help_words
    )
    return World(
        project=project,
        flows=flows,
        keywords=KeywordIndex(
            _entries(flows.values()), reserved=lambda word: compliance.of_word(word) is not None
        ),
        compliance=compliance,
        secret=secret,
        pinned={},
        built_in=_built_in(project),
        countries=frozenset(allowed),
        routes=_routes(flows.values()),
        listeners=_listeners(flows.values()),
        extension=extension,
    )


def _routes(flows: Iterable[Flow]) -> Mapping[tuple[str, str], tuple[Route, ...]]:
    found: dict[tuple[str, str], tuple[Route, ...]] = {}
    for flow in flows:
        for trigger in flow.triggers:
            key = trigger.kind, trigger.subject
            found[key] = (*found.get(key, ()), Route(flow.name, trigger))
    return found


def _listeners(flows: Iterable[Flow]) -> Mapping[str, frozenset[Expression | None]]:
    """What triggers, `anytime` handlers and waits read the phone of an event by; None: as usual."""
    found: dict[str, set[Expression | None]] = {}
    for flow in flows:
        for trigger in flow.triggers:
            if trigger.kind == "event":
                found.setdefault(trigger.subject, set()).add(trigger.contact)
        happenings = [each.happening for each in flow.anytime]
        happenings += [step.happening for step in flow.steps.values() if isinstance(step, Wait)]
        for happening in happenings:
            if happening is not None:
                found.setdefault(happening.event, set()).add(happening.contact)
    return {name: frozenset(contacts) for name, contacts in found.items()}


def _entries(flows: Iterable[Flow]) -> Iterable[KeywordEntry | PatternEntry | CatchAllEntry]:
    for flow in flows:
        for trigger in flow.triggers:
            route = Route(flow.name, trigger)
            number, group = trigger.number, trigger.from_group
            match trigger.kind:
                case "keyword":
                    yield KeywordEntry(
                        trigger.words, trigger.match, number, route, trigger.fuzzy, group
                    )
                case "pattern":
                    yield PatternEntry(trigger.pattern, number, route, group)
                case "catch_all":
                    yield CatchAllEntry(number, route, group)


def _built_in(project: Project) -> Mapping[str, Text]:
    """The built-in texts, with the project's own wording in front."""
    place = Place("smsflow", 1, 1)
    texts = {
        name: Text({language: Template(source, place) for language, source in variants.items()})
        for name, variants in TEXTS.items()
    }
    return {**texts, **project.texts}
