"""Choosing a provider by the settings, and what the one in memory remembers."""

from __future__ import annotations

import pytest

from smsflow.engine.model.gateway import Gateway
from smsflow.errors import SettingsInvalid
from smsflow.providers import connect
from smsflow.providers.gateway import HttpGateway
from smsflow.providers.memory import MemoryProvider
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.sms.answers import Verdict


def test_the_kind_chooses_the_provider(wire):
    """The name is the project's own."""
    url = "http://127.0.0.1:1"
    found = connect("pigeonhost", "main", url=url, user="u", password="p", transport=wire)
    assert isinstance(found, PigeonHost)
    assert found.name == "main"
    assert isinstance(connect("pigeonhost", "main", url=url), PigeonHost)
    assert isinstance(connect("memory", "trial"), MemoryProvider)
    assert isinstance(connect("http", "kannel", url=url, gateway=Gateway()), HttpGateway)


def test_an_unknown_kind_is_refused_with_those_that_are_known():
    """The message names the cure."""
    with pytest.raises(SettingsInvalid, match="write pigeonhost, http or memory"):
        connect("pigeon", "main")


def test_the_provider_in_memory_keeps_what_was_tried_and_what_went_out(text):
    """A lost answer went out, and its repeat is a try only."""
    provider = MemoryProvider()
    provider.lose_next()
    answers = [provider.send([text()])[0].verdict for _ in range(2)]
    assert answers == [Verdict.AMBIGUOUS, Verdict.DUPLICATE]
    assert provider.tried == [text(), text()]
    assert provider.sent == [text()]
