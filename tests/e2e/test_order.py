"""400 texts from 80 contacts, each pushed twice, half of them at the same moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from smsflow.sandbox.records import Message
from smsflow.sms.states import State
from tests.e2e.conftest import Town, until

CONTACTS = 80
TEXTS = 5

PROJECT = """
smsflow-project: 1
timezone: Europe/London
numbers: {main: {address: "+447700900000", provider: primary}}
providers: {primary: {kind: pigeonhost, url: env.U, user: env.U, password: env.U}}
"""
ECHO = """
smsflow: 1
mode: parallel
triggers:
  - catch_all: true
steps:
  - send: "You said: {{ message.text }}"
"""


def test_every_text_is_answered_once_and_in_order(
    make_town: Callable[..., Town], tmp_path: Path
) -> None:
    """400 replies, none lost, none doubled, in order for each contact."""
    project = tmp_path / "echo"
    (project / "flows").mkdir(parents=True)
    (project / "smsflow.yaml").write_text(PROJECT)
    (project / "flows" / "echo.yaml").write_text(ECHO)
    town = make_town(project)
    pushes = [
        {
            "sender": f"4477009{contact:05d}",
            "receiver": "447700900000",
            "text": f"text {number} of {contact}",
            "messageid": f"{contact}-{number}",
        }
        for number in range(TEXTS)
        for contact in range(CONTACTS)
    ]
    half = len(pushes) // 2

    def push(fields: dict[str, str]) -> int:
        return town.http.request("GET", f"{town.hook('mo')}?{urlencode(fields)}").status

    # The first half comes one after the other and then again; the second all at once, twice over.
    answers = [push(fields) for fields in (*pushes[:half], *pushes[:half])]
    with ThreadPoolExecutor(32) as pool:
        answers += pool.map(push, [fields for fields in pushes[half:] for _ in range(2)])
    assert Counter(answers) == {200: 2 * len(pushes)}

    sandbox = town.service.sandboxes["primary"]
    until(lambda: len(sandbox.network.messages()) >= len(pushes), "all replies")
    town.settles()
    sent = defaultdict(list)
    for message in sandbox.network.messages():
        assert isinstance(message, Message)
        assert message.tries == 1
        sent["+" + message.to].append(message.order.text)
    assert sum(map(len, sent.values())) == len(pushes)
    for phone, replies in sent.items():
        received = [f"You said: {text.text}" for text in town.store.received_of(phone)]
        assert replies == received
        assert len(set(replies)) == TEXTS
        assert received[:2] == [
            f"You said: text {number} of {int(phone[8:])}" for number in range(2)
        ]
        states = {message.state for message in town.store.messages_of(phone)}
        assert states == {State.DELIVERED}
