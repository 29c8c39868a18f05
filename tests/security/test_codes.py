"""Guessing one-time codes: another session, another channel or many at once give no more tries."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta
from random import Random

import pytest

from smsflow.conversation import Conversations
from smsflow.engine import world as worlds
from smsflow.engine.effects import RequestAnswered, SendText
from smsflow.engine.events import CodePosted, StartRequested
from smsflow.engine.language.parse import load
from smsflow.engine.machine import advance
from smsflow.engine.state import Contact, Conversation
from smsflow.engine.world import World
from smsflow.store import Store
from smsflow.store.rows import Kind, NewRow
from tests.conftest import FakeClock

PHONE = "+447700900123"
FLOW = """\
smsflow: 1
kind: otp
mode: {mode}
triggers: [{{keyword: LOGIN}}, {{api: true}}]
steps:
  - otp: "{{{{ code }}}} is your code."
    digits: 4
    expires: 5m
    attempts: 3
    on_expired: {{end: too_late}}
  - end: verified
"""
PROJECT = b"""\
smsflow-project: 1
name: Acme
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
limits: {replies: 1000/1h}
"""


def world(mode: str) -> World:
    files = {"smsflow.yaml": PROJECT, "flows/login.yaml": FLOW.format(mode=mode).encode()}
    loaded = load(files).sound()
    assert loaded.project is not None
    return worlds.build(loaded.project, loaded.flows, secret=b"a secret of tests")


class Attack:
    """Starts sessions and posts guesses, never the right one; counts what was compared."""

    def __init__(self, store: Store, clock: FakeClock, mode: str) -> None:
        self.store = store
        self.clock = clock
        self._ids = itertools.count()
        built = world(mode)
        self.conversations = Conversations(
            store, lambda: built, lambda *_: None, clock=clock, rng=Random(1)
        )

    def works(self) -> None:
        while self.conversations.work().rows:
            pass

    def starts(self) -> str:
        session = f"session-{next(self._ids)}"
        payload = {"flow": "login", "session": session, "inputs": {}, "contact": {}}
        self.store.insert([NewRow(Kind.START, PHONE, payload, self.clock.now())])
        self.works()
        return session

    def posts(self, session: str, code: str = "none") -> str:
        ticket = f"request-{next(self._ids)}"
        payload = {"session": session, "code": code, "request": ticket}
        self.store.insert([NewRow(Kind.CODE, PHONE, payload, self.clock.now())])
        return ticket

    def result(self, ticket: str) -> str:
        found = self.store.request_result(ticket)
        assert found is not None
        return str(found["result"])

    def code(self) -> str:
        """The code of the last text."""
        return self.store.messages_of(PHONE)[-1].text[:4]


@pytest.mark.parametrize("mode", ["restart", "parallel", "queue"])
def test_another_session_gives_no_more_tries(store: Store, clock: FakeClock, mode: str) -> None:
    """However often the flow is started, three codes are looked at until the lock is over."""
    attack = Attack(store, clock, mode)
    seen = []
    for _ in range(10):
        session = attack.starts()
        for _ in range(2):  # one less than would lock this session
            ticket = attack.posts(session)
            attack.works()
            seen.append(attack.result(ticket))
    assert seen.count("wrong") == 2
    assert "verified" not in seen
    last = attack.starts()
    ticket = attack.posts(last, attack.code())
    attack.works()
    assert attack.result(ticket) != "verified"


def test_the_lock_covers_sessions_beside_it(store: Store, clock: FakeClock) -> None:
    """The right code of one session doesn't count after another of the same flow was locked."""
    attack = Attack(store, clock, "parallel")
    first = attack.starts()
    right = attack.code()
    second = attack.starts()
    for _ in range(3):
        attack.posts(second)
    attack.works()
    ticket = attack.posts(first, right)
    attack.works()
    assert attack.result(ticket) == "locked"


def test_the_right_code_makes_tries_count_anew(store: Store, clock: FakeClock) -> None:
    """A person who mistyped twice and then succeeded has three tries at the next login."""
    attack = Attack(store, clock, "restart")
    for _ in range(3):
        session = attack.starts()
        tickets = [attack.posts(session), attack.posts(session)]
        tickets.append(attack.posts(session, attack.code()))
        attack.works()
        assert [attack.result(each) for each in tickets] == ["wrong", "wrong", "verified"]


def test_a_code_is_dead_when_its_time_is_over(clock: FakeClock) -> None:
    """Even when the timer that says so was lost, and only for a code that came too late."""
    built = world("restart")
    begin = StartRequested("login", "s1")
    talk = Conversation(Contact(PHONE))
    talk, effects = advance(built, talk, begin, now=clock.now(), rng=Random(1))
    code = next(each.text[:4] for each in effects if isinstance(each, SendText))
    over = clock.now() + timedelta(minutes=5)
    for came, result, outcome in (
        (over, "expired", "too_late"),
        (over - timedelta(seconds=1), "verified", "verified"),
    ):
        posted = CodePosted("s1", code, "r1", came)
        after, effects = advance(built, talk, posted, now=over, rng=Random(1))
        answers = [each.result["result"] for each in effects if isinstance(each, RequestAnswered)]
        assert (answers, after.sessions[0].outcome) == ([result], outcome)


def test_many_guesses_at_once_are_three(store: Store, clock: FakeClock) -> None:
    """Forty threads post, four work them off: three are looked at."""
    attack = Attack(store, clock, "restart")
    session = attack.starts()
    tickets: list[str] = []
    gate = threading.Barrier(44)

    def post() -> None:
        gate.wait()
        tickets.append(attack.posts(session))

    def work() -> None:
        gate.wait()
        for _ in range(5):
            attack.conversations.work()

    threads = [threading.Thread(target=post) for _ in range(40)]
    threads += [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    attack.works()
    results = [attack.result(each) for each in tickets]
    assert (results.count("wrong"), results.count("locked")) == (2, 1)
    assert results.count("not_waiting") == 37
