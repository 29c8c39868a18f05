"""Every code of the manual, from a scripted handset to the flow and to what people read.

One service, the sandbox as its provider, and a text for each status and each error, as the answer
to the request and as a report: what the message is then, how its flow ends, and what a trace and
the phone page say. The tables here are written from the manual, not from the code.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from smsflow.cli import smsflow
from smsflow.config import Settings
from smsflow.delivery import Delivery, channels
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.runtime import Runtime
from smsflow.sandbox import fates
from smsflow.sandbox.forms import push_body
from smsflow.sandbox.network import Network
from smsflow.sandbox.server import create_app as create_sandbox
from smsflow.sandbox.wire import write_json
from smsflow.store.rows import Message
from smsflow.web import create_app
from smsflow.web.phone_view import Sight
from tests.conftest import FakeClock
from tests.providers.flaskwire import FlaskWire

PROJECT = """\
smsflow-project: 1
numbers: {main: {address: "+447700900000", provider: main}}
providers:
  main: {kind: pigeonhost, url: env.U, user: env.L, password: env.L, webhook_secret: env.SECRET}
"""
FLOW = """\
smsflow: 1
triggers: [{api: true}]
steps:
  - send: Hello
    report_within: 1h
    on_delivered: {end: delivered}
    on_undeliverable: {end: undeliverable}
    on_expired: {end: expired}
    on_rejected: {end: rejected}
    on_no_report: {end: no_report}
"""
TOKEN = "the-token-of-the-tests"
ENVIRONMENT = {
    "SMSFLOW_SECRET_KEY": "a-key-of-the-tests-0123456789",
    "SMSFLOW_API_TOKEN": TOKEN,
    "SMSFLOW_PUBLIC_URL": "https://sms.test",
    "U": "http://sandbox",
    "L": "user",
    "SECRET": "a-secret-of-the-tests-0123456789",
}

# --- the manual, "Statuses": group, name, what may help -------------------------------------------

ACCEPTED, PENDING, UNDELIVERABLE, DELIVERED, EXPIRED, REJECTED = range(6)
LATER, ELSEWHERE, MENDED, NEVER = "later", "elsewhere", "once mended", "never"
STATUSES: dict[int, tuple[int, str, str]] = {
    0: (ACCEPTED, "MESSAGE_ACCEPTED", "not needed"),
    1: (PENDING, "PENDING_TIME_VIOLATION", "not needed"),
    2: (DELIVERED, "DELIVERED_TO_OPERATOR", "not needed"),
    3: (PENDING, "PENDING_WAITING_DELIVERY", "not needed"),
    4: (UNDELIVERABLE, "UNDELIVERABLE_REJECTED_OPERATOR", ELSEWHERE),
    5: (DELIVERED, "DELIVERED_TO_HANDSET", "not needed"),
    6: (REJECTED, "REJECTED_NETWORK", ELSEWHERE),
    7: (PENDING, "PENDING_ENROUTE", "not needed"),
    8: (REJECTED, "REJECTED_PREFIX_MISSING", NEVER),
    9: (UNDELIVERABLE, "UNDELIVERABLE_NOT_DELIVERED", LATER),
    10: (REJECTED, "REJECTED_DND", NEVER),
    11: (REJECTED, "REJECTED_SOURCE", MENDED),
    12: (REJECTED, "REJECTED_NOT_ENOUGH_CREDITS", MENDED),
    13: (REJECTED, "REJECTED_SENDER", MENDED),
    14: (REJECTED, "REJECTED_DESTINATION", MENDED),
    15: (EXPIRED, "EXPIRED_EXPIRED", LATER),
    16: (REJECTED, "REJECTED_NOT_REACHABLE", ELSEWHERE),
    17: (REJECTED, "REJECTED_PREPAID_PACKAGE_EXPIRED", MENDED),
    18: (REJECTED, "REJECTED_DESTINATION_NOT_REGISTERED", MENDED),
    19: (REJECTED, "REJECTED_ROUTE_NOT_AVAILABLE", ELSEWHERE),
    20: (REJECTED, "REJECTED_FLOODING_FILTER", LATER),
    21: (REJECTED, "REJECTED_SYSTEM_ERROR", LATER),
    22: (EXPIRED, "EXPIRED_UNKNOWN", LATER),
    23: (REJECTED, "REJECTED_DUPLICATE_MESSAGE_ID", NEVER),
    24: (REJECTED, "REJECTED_INVALID_UDH", NEVER),
    25: (REJECTED, "REJECTED_MESSAGE_TOO_LONG", NEVER),
    26: (PENDING, "PENDING_ACCEPTED", "not needed"),
    27: (PENDING, "PENDING_APPROVAL", "not needed"),
    28: (REJECTED, "REJECTED_NOT_SENT", NEVER),
    29: (EXPIRED, "EXPIRED_DLR_UNKNOWN", LATER),
    30: (DELIVERED, "DELIVERED", "not needed"),
    31: (UNDELIVERABLE, "UNDELIVERABLE_NOT_SENT", ELSEWHERE),
    51: (REJECTED, "MISSING_TO", NEVER),
    52: (REJECTED, "REJECTED_DESTINATION 52", NEVER),  # 14 has the same name
}
ENDS = {
    UNDELIVERABLE: "undeliverable",
    DELIVERED: "delivered",
    EXPIRED: "expired",
    REJECTED: "rejected",
}
FOR_NOW = (12, 19, 20, 21)  # tried again by itself, under the next id
DUPLICATE = 23  # proves nothing: the logs are asked, and these know nothing either

# --- the manual, "GSM Error Codes": by group, and those that are permanent ------------------------

NO_ERROR = {0, 5000, 5001}
USER = {2049, 4096, 4100, 4101, 5002, 5003, 5004, 5005}
OPERATOR = {10, 20, 51, 71, 501, 2048, 2050, 2051, 4097, 4102}
HANDSET = {
    *(1, 5, 6, 9, 11, 12, 13, 21, 27, *range(31, 37), 72, *range(255, 263)),
    *(500, 502, 503, 504, 507, 508, 509, 511, *range(1024, 1032), *range(1152, 1167)),
    *(*range(1281, 1285), *range(1536, 1542), *range(1792, 1797)),
}
PERMANENT = {
    *(1, 9, 10, 11, 12, 51, 72, 511, 2049, 2050, 4096, 4100, 4101, 4102),
    *range(5000, 5006),
}
FAULTS = {
    "nobody's fault": NO_ERROR,
    "the phone or its line": HANDSET,
    "the text or the request": USER,
    "the operator": OPERATOR,
}
ERRORS = sorted(NO_ERROR | HANDSET | USER | OPERATOR)


class Line:
    """One text with a fate of its own, from its start to what is known of it."""

    def __init__(self, world: World, phone: str, session: str) -> None:
        self.world = world
        self.phone = phone
        self.session = session

    @property
    def message(self) -> Message:
        (message,) = self.world.runtime.store.messages_of(self.phone)
        return message

    @property
    def outcome(self) -> str | None:
        found = self.world.runtime.store.session(self.session)
        assert found is not None
        return found[1].outcome

    @property
    def bubble(self) -> dict[str, Any]:
        """The text as the phone page has it."""
        (bubble,) = Sight(self.world.runtime, {}).phone(self.phone)["bubbles"]
        return bubble


class World:
    """A service with its provider, in one process and on one clock."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        ids = count(1)
        self.clock = clock
        self.folder = folder
        self.network = Network(ids=lambda: f"id-{next(ids)}")
        sandbox = create_sandbox(self.network, user="user", password="password", clock=clock)
        self.environment = ENVIRONMENT | {"SMSFLOW_DATABASE_URL": f"sqlite:///{folder / 'x.db'}"}
        settings = Settings.from_environment(self.environment, project=folder)
        self.runtime = Runtime.open(settings, clock=clock)
        adapter = PigeonHost(
            "main",
            "http://sandbox",
            "user",
            "password",
            transport=FlaskWire(sandbox.test_client()),
            now=clock.now,
        )
        wired = channels(self.runtime.project, {"main": adapter}, self.runtime.report_url)
        self.delivery = Delivery(self.runtime.store, wired, clock=clock, rng=Random(1))
        self.web = create_app(self.runtime).test_client()
        self._numbers = count(447700900100)

    def text(self, fate: fates.Fate) -> Line:
        """Start a flow whose one text has this fate."""
        phone = f"+{next(self._numbers)}"
        self.network.script(phone[1:], fate)
        answer = self.web.post(
            "/v1/flows/fate/sessions",
            json={"contact": phone},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        assert answer.status_code == 202, answer.text
        return Line(self, phone, answer.json["session"])

    def settles(self) -> None:
        """Work off what is due: events, texts, and reports pushed to the real route."""
        while self.runtime.conversations.work().rows or self.delivery.send("main"):
            pass
        for push in self.network.due(self.clock.now()):
            told = push_body(push)
            assert told is not None
            answer = self.web.post(
                urlsplit(push.url).path, data=write_json(told[1]), content_type="application/json"
            )
            assert answer.json["unreadable"] == 0
            self.network.pushed(push, ok=True, now=self.clock.now())
        while self.runtime.conversations.work().rows:
            pass

    def trace(self, phone: str, *options: str) -> Any:
        """What `smsflow trace` prints."""
        command = ["--project", str(self.folder), "trace", phone, *options]
        done = CliRunner().invoke(smsflow, command, env=self.environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("codes")
    shutil.copy(sqlite_template, folder / "x.db")
    (folder / "smsflow.yaml").write_text(PROJECT)
    (folder / "flows").mkdir()
    (folder / "flows" / "fate.yaml").write_text(FLOW)
    world = World(folder, FakeClock())
    yield world
    world.runtime.close()


Lines = dict[int, Line]
AS_SHOWN = ("status", "error", "words", "retry", "fault")


@pytest.fixture(scope="module")
def all_lines(world: World) -> dict[str, Lines]:
    """A text for every code, a second after it was sent; by how the code comes, then by its id."""
    lines = {
        "answer": {id_: world.text(fates.script([], submit=id_)) for id_ in STATUSES},
        "report": {id_: world.text(fates.script([(0.1, id_, 27)])) for id_ in STATUSES},
        "error": {id_: world.text(fates.script([(0.1, 9, id_)])) for id_ in ERRORS},
        "on the way": {id_: world.text(fates.script([(0.1, 3, id_)])) for id_ in ERRORS},
    }
    world.settles()
    world.clock.advance(timedelta(seconds=0.5))
    world.settles()
    return lines


def test_each_status_as_the_answer_to_the_request(all_lines: dict[str, Lines]) -> None:
    """Accepted, tried again, held or refused for good; only the last is news to the flow."""
    for id_, line in all_lines["answer"].items():
        group, name, retry = STATUSES[id_]
        message = line.message
        if group in (ACCEPTED, PENDING, DELIVERED):
            expected = ("accepted", None)
        elif id_ in FOR_NOW:
            expected = ("queued", None)
        elif id_ == DUPLICATE:
            expected = ("held", None)
        else:
            expected = (ENDS[group], ENDS[group])
        assert (message.state, line.outcome) == expected, name
        assert message.epoch == (id_ in FOR_NOW), name
        assert message.status == name
        assert (line.bubble["status"], line.bubble["retry"]) == (name, retry)


def test_each_status_in_a_report(world: World, all_lines: dict[str, Lines]) -> None:
    """What is final ends the flow; what is not is shown."""
    for id_, line in all_lines["report"].items():
        group, name, retry = STATUSES[id_]
        message = line.message
        if id_ == 2:  # in the group DELIVERED, and the handset's own report can still follow
            expected = ("sent", None)
        elif group in ENDS:
            expected = (ENDS[group], ENDS[group])
        elif group == PENDING:
            expected = ("pending", None)
        else:
            expected = ("accepted", None)
        assert (message.state, line.outcome) == expected, name
        if id_ == 0:  # no news after the answer
            continue
        assert (message.status, message.error) == (name, "EC_ABSENT_SUBSCRIBER")
        bubble = line.bubble
        assert (bubble["status"], bubble["retry"]) == (name, retry)
        assert bubble["words"].endswith(": the phone is off or out of reach")
        if id_ in (1, 2, 4, 15, 52):  # one of each kind
            told = json.loads(world.trace(line.phone, "--format", "json"))
            (sent,) = [each["message"] for each in told["lines"] if each["message"]]
            assert sent["state"] == expected[0]
            assert {key: bubble[key] for key in AS_SHOWN} == {key: sent[key] for key in AS_SHOWN}


def test_each_status_is_in_words_of_its_own(all_lines: dict[str, Lines]) -> None:
    """No two read alike, but for what the provider advises."""
    words = {line.bubble["words"] for id_, line in all_lines["report"].items() if id_}
    assert len(words) == len(STATUSES) - 1


def test_each_error_of_a_text_that_failed(all_lines: dict[str, Lines]) -> None:
    """Undeliverable, with the error's words, whose fault it is, and what may help against both."""
    for id_, line in all_lines["error"].items():
        message, bubble = line.message, line.bubble
        assert (message.state, line.outcome) == ("undeliverable", "undeliverable"), id_
        assert (message.error is None) == (id_ == 0)
        retry = LATER
        if id_ in OPERATOR:
            retry = ELSEWHERE
        elif id_ in PERMANENT - NO_ERROR:
            retry = NEVER
        assert bubble["retry"] == retry, id_
        assert bubble["help"] == f"again: {retry}"
        assert bubble["words"].startswith("sent and not delivered")
        if id_:
            assert len(bubble["words"]) > len("sent and not delivered: ")
            assert id_ in FAULTS[bubble["fault"]]


def test_each_error_on_the_way(all_lines: dict[str, Lines]) -> None:
    """A report comes for those that may pass alone, and the flow waits on."""
    for id_, line in all_lines["on the way"].items():
        told = id_ not in PERMANENT and id_ not in NO_ERROR
        message = line.message
        assert message.state == ("pending" if told else "accepted"), id_
        assert (message.error is not None) == told
        assert line.outcome is None
        assert line.bubble["help"] == ""


def test_a_trace_tells_why_and_what_may_help(world: World, all_lines: dict[str, Lines]) -> None:
    """For people: the state, the words, and the advice."""
    said = {
        ("report", 4): "undeliverable: the operator refused it: the phone is off or out of reach"
        " (again: elsewhere)",
        ("report", 14): "rejected: the number is blocked: the phone is off or out of reach (again:"
        " once mended, take the number off the block list)",
        ("error", 1): "undeliverable: sent and not delivered: the number is given to nobody (again:"
        " never)",
        ("answer", 12): "queued: the account is out of credit (again: once mended)",
        ("answer", 52): "rejected: that is no number (again: never, check the parameter `to`)",
        ("on the way", 27): "pending: on its way, no report yet: the phone is off or out of reach",
        ("report", 5): "via main, delivered  ",
    }
    for (how, id_), words in said.items():
        assert words in world.trace(all_lines[how][id_].phone), (how, id_)


def test_what_is_never_reported_ends_as_such(world: World, all_lines: dict[str, Lines]) -> None:
    """Last of all, for the clock moves: an hour later the flow hears of no report."""
    waiting = [line for lines in all_lines.values() for line in lines.values() if not line.outcome]
    accepted = [line for line in waiting if line.message.accepted_at]
    assert len(accepted) > 80
    world.clock.advance(timedelta(hours=1, seconds=1))
    world.settles()
    assert {line.outcome for line in accepted} == {"no_report"}
