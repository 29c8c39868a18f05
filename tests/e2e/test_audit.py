"""`smsflow audit` on the whole of it: lost answers and reports, strangers, and what heals them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from smsflow.audit import Finding
from smsflow.cli import smsflow
from smsflow.sandbox import faults
from smsflow.sms.messages import Outgoing
from smsflow.sms.states import State
from tests.e2e.conftest import SAMPLES, Town, environment, until

NOWHERE = "http://127.0.0.1:9/dlr"


class Auditing:
    """A town whose time is the real one, and the command for it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.phone = town.phone()
        self.runtime = town.service.runtime
        self.network = town.service.sandboxes["primary"].network

    def runs(self, *arguments: str) -> Result:
        """`smsflow audit`, where nothing is too young to count."""
        settings = self.runtime.settings
        given = environment(settings.database_url, settings.redis_url)
        for prefix, name in (("SMS", "primary"), ("SMS2", "secondary")):
            account = self.town.service.accounts[name]
            given |= {
                f"{prefix}_URL": account.url,
                f"{prefix}_USER": account.user,
                f"{prefix}_PASSWORD": account.password,
                f"{prefix}_WEBHOOK_SECRET": account.webhook_secret,
            }
        command = ["--project", str(SAMPLES), "audit", "--patience", "0s", *arguments]
        return CliRunner().invoke(smsflow, command, env=given, catch_exceptions=False)

    def finds(self) -> list[tuple[str, str]]:
        """What differs, with what our side says."""
        done = self.runs("--json")
        assert done.exit_code == 1, done.output
        told = json.loads(done.stdout.splitlines()[-1])  # the town's log goes there as well
        return [(each["finding"], each["here"]) for each in told["differences"]]

    def loses_reports(self) -> None:
        """From now on the provider pushes reports to nobody."""
        for name, channel in self.runtime.channels.items():
            self.runtime.channels[name] = replace(channel, report_url=NOWHERE)  # type: ignore[index]

    def is_told(self) -> None:
        """The phone asks, and gets its answer."""
        self.phone.says("hours")
        self.phone.hears()

    def state(self) -> State:
        return self.town.store.messages_of(self.phone.number)[-1].state


@pytest.fixture
def auditing(make_town: Callable[..., Town]) -> Auditing:
    return Auditing(make_town(start=datetime.now(UTC)))


def test_a_service_that_works_agrees_with_its_provider(auditing: Auditing) -> None:
    """Exit code 0 and a verdict."""
    auditing.is_told()
    auditing.town.settles()
    done = auditing.runs()
    assert done.exit_code == 0, done.output
    assert "1 text compared, " in done.output
    assert done.output.endswith(": all agree\n")


def test_a_lost_answer_settles_by_itself(auditing: Auditing) -> None:
    """The next try finds out, and both sides agree."""
    auditing.loses_reports()
    auditing.network.faults = faults.parse({"lose": 1})
    auditing.is_told()
    until(lambda: auditing.state() is State.ACCEPTED, "the second try")
    assert auditing.finds() == [(Finding.FINAL_THERE, "accepted")]


def test_a_lost_answer_and_a_lost_report_are_told_and_healed(auditing: Auditing) -> None:
    """The text is out, nothing told us so, and no try will: the logs do."""
    auditing.loses_reports()
    auditing.network.faults = faults.parse({"lose": 1})
    hour = auditing.town.clock.now() + timedelta(hours=1)
    auditing.phone.says("hours")
    until(lambda: auditing.network.messages(), "the text at the provider")
    auditing.town.store.open_circuit("primary", hour, "closed for the test")
    auditing.phone.hears()
    until(lambda: auditing.state() is not State.QUEUED, "the end of the try")
    if auditing.state() is State.UNCERTAIN:  # not when a second try was quicker than the circuit
        assert (Finding.ACCEPTED_THERE, "uncertain") in auditing.finds()
    done = auditing.runs("--repair", "--by", "sam")
    assert "1 repaired" in done.output
    until(lambda: auditing.state() is State.DELIVERED, "the repair")
    assert auditing.runs().exit_code == 0
    assert auditing.town.store.actions(1)[0].who == "sam"


def test_a_lost_report_is_told_and_healed(auditing: Auditing) -> None:
    """The advice is the command that heals it."""
    auditing.loses_reports()
    auditing.is_told()
    until(lambda: auditing.state() is State.ACCEPTED, "the answer")
    done = auditing.runs()
    assert done.exit_code == 1
    assert f"{Finding.FINAL_THERE}: " in done.output
    assert "  do:    `smsflow audit --repair`" in done.output
    auditing.runs("--repair")
    until(lambda: auditing.state() is State.DELIVERED, "the repair")
    assert auditing.runs().exit_code == 0


def test_a_text_that_only_the_provider_knows_is_told(auditing: Auditing) -> None:
    """Somebody sends under ids like ours, with another database."""
    text = Outgoing(f"{'f' * 32}-0", "+447700900000", auditing.phone.number, "Who am I?")
    auditing.runtime.providers["primary"].send([text])
    assert auditing.finds() == [(Finding.UNKNOWN_HERE, "no such message")]


def test_a_provider_that_forgot_a_text_is_told(auditing: Auditing) -> None:
    """We call it accepted, and it stands in no log."""
    auditing.is_told()
    auditing.town.settles()
    auditing.network.reset()
    assert auditing.finds() == [(Finding.UNKNOWN_THERE, "delivered")]


def test_a_text_that_was_handed_over_twice_is_told(auditing: Auditing) -> None:
    """Two wire ids of one message."""
    auditing.is_told()
    auditing.town.settles()
    (message,) = auditing.town.store.messages_of(auditing.phone.number)
    twice = Outgoing(f"{message.id}-1", "+447700900000", message.contact, message.text)
    auditing.runtime.providers["primary"].send([twice])
    assert (Finding.TWICE, "delivered") in auditing.finds()


def test_a_provider_that_cannot_be_asked_is_exit_code_2(auditing: Auditing) -> None:
    """Silence is no agreement."""
    auditing.network.faults = faults.parse({"fail": {"times": 1, "status": 503}})
    done = auditing.runs()
    assert done.exit_code == 2
    assert "cannot be asked: HTTP 503" in done.stderr
