"""What the phone page shows, as plain JSON: chats, traces, flows, and what a handset can do.

Chats come from the store, so they say what smsflow knows, and they outlive the process. Only the
words of what arrived come from the handset itself: a one-time code is masked in the store, and
whoever holds the phone can read it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import phonenumbers

from smsflow.engine.hiding import MASKED
from smsflow.engine.model import Flow, Input, Trigger
from smsflow.engine.triggering import unstartable
from smsflow.providers.words import told
from smsflow.runtime import Runtime
from smsflow.sandbox import fates
from smsflow.sandbox.fates import Fate
from smsflow.sandbox.links import Link
from smsflow.sandbox.network import Network
from smsflow.sandbox.records import Inbound
from smsflow.sandbox.records import Message as OnAir
from smsflow.sms.encoding import segments
from smsflow.sms.messages import Received
from smsflow.sms.numbers import bare, country_of
from smsflow.sms.states import State
from smsflow.store.rows import Message, TraceLine

Json = dict[str, Any]

MOST_BUBBLES = 200
MOST_LINES = 400

# What a handset can do with the texts to it, by name, with the words on the page.
HANDSETS: Mapping[str, tuple[str, Fate]] = {
    "delivered": ("Delivered at once", fates.delivered()),
    "slow": ("Slow: delivered after a minute", fates.delivered(60)),
    "absent": ("Out of reach for an hour", fates.absent(3600)),
    "off": ("Off: the text expires", fates.absent()),
    "undeliverable": ("Undeliverable: no such subscriber", fates.undeliverable()),
    "rejected": ("Rejected by the network", fates.refused("REJECTED_DESTINATION")),
    "silent": ("No report ever comes", fates.silent()),
}

# How each state looks under a bubble: the icon, and its words.
_SHOWN: Mapping[State, tuple[str, str]] = {
    State.QUEUED: ("wait", "Queued"),
    State.UNCERTAIN: ("wait", "Sent, no answer yet"),
    State.HELD: ("fail", "Held for a decision"),
    State.ACCEPTED: ("sent", "Sent"),
    State.PENDING: ("sent", "Sent, handset not reached yet"),
    State.SENT: ("sent", "At the operator"),
    State.DELIVERED: ("done", "Delivered"),
    State.UNDELIVERABLE: ("fail", "Undeliverable"),
    State.EXPIRED: ("fail", "Expired"),
    State.REJECTED: ("fail", "Rejected"),
    State.DELETED: ("fail", "Deleted"),
    State.UNKNOWN: ("fail", "No report"),
    State.REFUSED: ("stop", "Not sent"),
}

# Ranges set aside for tests and films by Ofcom, ARCEP and the NANPA; 23 stands for two digits.
_FICTIONAL = {"GB": "+447700900123", "FR": "+33639981023", "US": "+12025550123"}


class Sight:
    """Looks at a running service, and changes nothing."""

    def __init__(self, runtime: Runtime, networks: Mapping[str, Network]) -> None:
        self._runtime = runtime
        self._networks = networks

    # --- one phone -------------------------------------------------------------------------------

    def phone(self, number: str) -> Json:
        """A phone's chat and its trace."""
        return {"bubbles": self._bubbles(number), **self._trace(number)}

    def _bubbles(self, phone: str) -> list[Json]:
        """The chat, oldest first."""
        store = self._runtime.store
        talks = [talk.text for net in self._networks.values() for talk in net.talk(bare(phone))]
        words = {text.message_id: text.order.text for text in talks if isinstance(text, OnAir)}
        heard = store.received_of(phone)
        typed = [text for text in talks if isinstance(text, Inbound)]
        links = {
            text.message_id: [_link(each) for each in net.links_of(text)]
            for net in self._networks.values()
            for talk in net.talk(bare(phone))
            if isinstance(text := talk.text, OnAir)
        }
        found = [_from_us(message, words, links) for message in store.messages_of(phone)]
        found += [_from_them(f"in-{index}", each) for index, each in enumerate(heard)]
        found += self._on_their_way(typed, heard)
        found.sort(key=lambda bubble: (bubble["at"], bubble["way"]))
        return found[-MOST_BUBBLES:]

    def _on_their_way(self, typed: Sequence[Inbound], heard: Sequence[Received]) -> list[Json]:
        """The texts that left the handset and were not worked off yet, or never will be."""
        names = self._names()
        waiting: _Times = {}
        for each in heard:
            if each.received_at is not None:
                # Answers to sensitive questions are not kept in their own words.
                key = (each.receiver, None if MASKED in each.text else each.text)
                waiting.setdefault(key, deque()).append(each.received_at)
        found: list[Json] = []
        for text in sorted(typed, key=lambda each: each.received_at):
            to = names.get(text.receiver)
            if _taken(waiting, (to, text.text), text) or _taken(waiting, (to, None), text):
                continue
            number = names.get(text.receiver, text.receiver)
            # The id that it will have once it is worked off, so that it stays one bubble.
            name = f"in-{len(heard) + len(found)}"
            bubble = _bubble(name, "in", text.text, text.received_at, number)
            found.append(bubble | {"mark": "wait", "state": "On its way"})
        return found

    def _names(self) -> dict[str, str]:
        numbers = self._runtime.project.numbers.values()
        return {bare(number.address): number.name for number in numbers}

    def _trace(self, phone: str) -> Json:
        """What happened with this contact, and the sessions that it happened in."""
        store = self._runtime.store
        lines = store.trace_of(phone)[-MOST_LINES:]
        sessions: dict[str, Json] = {}
        for each in dict.fromkeys(line.session for line in lines if line.session):
            found = store.session(each)
            if found is not None:
                session = found[1]
                sessions[each] = {
                    "flow": session.flow,
                    "version": session.version,
                    "outcome": session.outcome,
                    "step": session.waiting.step if session.waiting else None,
                }
        return {"lines": [_line(line) for line in lines], "sessions": sessions}

    # --- the project -----------------------------------------------------------------------------

    def project(self) -> Json:
        """What stands around the phones: our numbers, the flows, what handsets can do."""
        runtime = self._runtime
        project = runtime.project
        return {
            "name": project.name,
            "zone": project.timezone,
            "languages": list(project.languages),
            "numbers": [
                {"name": each.name, "address": each.address, "provider": each.provider}
                for each in project.numbers.values()
            ],
            "handsets": [{"name": name, "words": words} for name, (words, _) in HANDSETS.items()],
            "suggested": suggested(_countries(runtime)),
            "flows": [_flow(flow) for _, flow in sorted(runtime.world.flows.items())],
        }


_Times = dict[tuple[str | None, str | None], deque[datetime]]


def _taken(waiting: _Times, key: tuple[str | None, str | None], text: Inbound) -> bool:
    """True when such a text was worked off, which counts for this one alone."""
    times = waiting.get(key, deque())
    while times and times[0] < text.received_at:
        times.popleft()
    if times:
        times.popleft()
        return True
    return False


def _countries(runtime: Runtime) -> list[str]:
    """The countries that may be texted, those of our own numbers first."""
    ours = [country_of(number.address) for number in runtime.project.numbers.values()]
    allowed = runtime.world.countries
    return list(dict.fromkeys([each for each in ours if each in allowed] + sorted(allowed)))


def suggested(countries: Iterable[str]) -> list[str]:
    """A few numbers that belong to nobody, or to a country's examples, to begin with."""
    found = []
    for country in countries:
        if country in _FICTIONAL:
            first = _FICTIONAL[country]
            found += [first, first[:-2] + "45", first[:-2] + "67"]
        else:
            kind = phonenumbers.PhoneNumberType.MOBILE
            example = phonenumbers.example_number_for_type(country, kind)
            if example is not None:
                e164 = phonenumbers.PhoneNumberFormat.E164
                found.append(phonenumbers.format_number(example, e164))
    if not found:
        found = [_FICTIONAL["GB"]]
    return sorted(found, key=lambda number: number[-2:])[:6]


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _bubble(name: str, way: str, text: str, at: datetime, number: str) -> Json:
    return {
        "id": name,
        "way": way,
        "text": text,
        "at": _milliseconds(at),
        "number": number,
        "parts": segments(text),
    }


def _link(link: Link) -> Json:
    """A short link in a text, and what `clicks` knows it by."""
    return {"short": link.short, "path": link.path, "url": link.url}


def _from_us(
    message: Message, words: Mapping[str, str], links: Mapping[str, Sequence[Json]]
) -> Json:
    mark, state = _SHOWN[message.state]
    said = told(message.status, message.error)
    text = words.get(message.wire_id, message.text)
    bubble = _bubble(message.id, "out", text, message.made_at, message.number)
    return bubble | {
        "parts": message.segments,
        "mark": mark,
        "state": state,
        "status": message.status or "",
        "error": message.error or "",
        "words": said.words,
        "retry": said.retry or "",
        "fault": said.fault or "",
        "help": said.help,
        "again": message.replaces is not None,
        "links": links.get(message.wire_id, []),
    }


def _from_them(name: str, text: Received) -> Json:
    at = text.received_at
    if at is None:
        raise AssertionError("the store dates every text")
    bubble = _bubble(name, "in", text.text, at, text.receiver or "")
    return bubble | {"mark": "done", "state": "Received"}


def _line(line: TraceLine) -> Json:
    place = line.place
    return {
        "at": _milliseconds(line.at),
        "session": line.session,
        "step": line.step,
        "what": line.what,
        "detail": line.detail,
        "place": f"{place.file}:{place.line}" if place else "",
    }


def _flow(flow: Flow) -> Json:
    return {
        "name": flow.name,
        "version": flow.version,
        "description": flow.description,
        "kind": flow.kind,
        "languages": list(flow.languages),
        "starts": [each for trigger in flow.triggers for each in _texts_of(trigger)],
        "api": not unstartable(flow, "api"),
        "inputs": [_input(each) for each in flow.inputs],
    }


def _texts_of(trigger: Trigger) -> list[Json]:
    """What a person can text to fire the trigger; `word` is ready to send, `note` is not."""
    about = {"number": trigger.number, "language": trigger.language}
    match trigger.kind:
        case "keyword":
            return [{"word": word, **about} for word in trigger.words]
        case "pattern":
            return [{"note": f"texts like {trigger.pattern}", **about}]
        case "catch_all":
            return [{"note": "any other text", **about}]
    return []


def _input(each: Input) -> Json:
    return {
        "name": each.name,
        "type": each.type,
        "required": each.required,
        "default": _plain(each.default),
        "values": [_plain(value) for value in each.values],
        "fields": [_input(inner) for inner in each.fields],
    }


def _plain(value: Any) -> Any:
    """A declared default or value, as a form field can hold it."""
    return str(value) if isinstance(value, date | Decimal) else value
