"""Conversations go through JSON unharmed, whatever is in them."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.model import Duration
from smsflow.engine.state import (
    Contact,
    Conversation,
    Plan,
    Session,
    Waiting,
    decode,
    encode,
    kept,
)

NAMES = st.text(max_size=8)
MOMENTS = st.datetimes(timezones=st.just(UTC))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.dates()
    | st.times()
    | MOMENTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            NAMES | st.sampled_from(["$date", "$datetime", "$decimal", "$mapping"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
SCOPES = st.dictionaries(NAMES, VALUES, max_size=3)
OPTIONAL = st.none() | NAMES


def through_json(value: object) -> object:
    return json.loads(json.dumps(value, allow_nan=False))


WAITS = st.builds(
    Waiting,
    step=NAMES,
    serial=st.integers(0),
    kind=st.sampled_from(["timer", "reply", "report", "code"]),
    numbers=st.lists(NAMES, max_size=2),
    root=OPTIONAL,
    tries=st.integers(0),
    since=st.none() | MOMENTS,
    digest=OPTIONAL,
    paused=st.booleans(),
)
SESSIONS = st.builds(
    Session,
    id=NAMES,
    flow=NAMES,
    version=NAMES,
    key=NAMES,
    started_at=MOMENTS,
    language=NAMES,
    trigger=SCOPES,
    variables=SCOPES,
    answers=st.dictionaries(NAMES, SCOPES, max_size=2),
    visits=st.dictionaries(NAMES, st.integers(0), max_size=2),
    message=SCOPES,
    last=SCOPES,
    asleep=st.integers(0),
    waiting=st.none() | WAITS,
    queued=st.booleans(),
    number=OPTIONAL,
    outcome=OPTIONAL,
    ended_at=st.none() | MOMENTS,
)
CONTACTS = st.builds(
    Contact,
    phone=NAMES,
    language=OPTIONAL,
    timezone=OPTIONAL,
    fields=SCOPES,
    opted_out=st.booleans(),
    last_inbound=st.none() | MOMENTS,
    starts=st.dictionaries(NAMES, st.lists(MOMENTS, max_size=2), max_size=2),
    locked=st.dictionaries(NAMES, MOMENTS, max_size=2),
)


@given(VALUES)
def test_every_value_comes_back_as_it_was(value):
    """Even a mapping that looks like the mark of a date."""
    assert decode(through_json(encode(value))) == value


@given(CONTACTS, st.lists(SESSIONS, max_size=2))
def test_every_conversation_comes_back_as_it_was(contact, sessions):
    conversation = Conversation(contact, sessions)
    assert Conversation.from_json(through_json(conversation.to_json())) == conversation


def test_what_another_release_has_written_can_be_read():
    """During a deployment releases work side by side, on the same contacts and sessions."""
    waiting = Waiting("ask", 1, "reply")
    session = Session(
        "s", "f", "v", "", datetime(2026, 1, 1, tzinfo=UTC), "en", {}, waiting=waiting
    )
    conversation = Conversation(Contact("+447700900123"), [session])
    written = conversation.to_json()
    written["contact"]["of_tomorrow"] = 1
    written["sessions"][0]["of_tomorrow"] = 1
    written["sessions"][0]["waiting"]["of_tomorrow"] = 1
    assert Conversation.from_json(written) == conversation


@given(
    st.builds(
        Plan,
        via=st.lists(NAMES, min_size=1, max_size=3).map(tuple),
        failover_on=st.frozensets(NAMES, max_size=2),
        resend_times=st.integers(0, 9),
        resend_after=st.builds(Duration, days=st.integers(0, 9), seconds=st.integers(0, 99)),
        resend_on=st.frozensets(NAMES, max_size=2),
        report_within=st.none() | st.integers(0),
        give_up_at=st.none() | MOMENTS,
        question=st.booleans(),
    )
)
def test_every_plan_comes_back_as_it_was(plan):
    assert Plan.from_json(through_json(plan.to_json())) == plan


@pytest.mark.parametrize(
    "value",
    [timedelta(1), object(), {1, 2}, b"bytes", float("nan"), float("inf"), [{"x": object()}]],
)
def test_what_json_has_no_word_for_is_refused_at_once(value):
    with pytest.raises(TypeError, match="can't keep"):
        encode(value)


def test_what_is_kept_is_the_same_before_and_after_a_restart():
    """Pairs become lists, and a moment keeps its offset instead of its zone."""
    moment = datetime(2025, 7, 1, 9, tzinfo=ZoneInfo("Europe/London"))
    value = {"pair": (1, Decimal("2.50")), "at": moment, "day": date(2025, 1, 2), "t": time(8)}
    once = kept(value)
    assert once == kept(once)
    assert once["pair"] == [1, Decimal("2.50")]
    assert once["at"].isoformat() == "2025-07-01T09:00:00+01:00"


@pytest.mark.parametrize(
    ("kind", "paused", "since", "is_open"),
    [
        ("reply", False, 0, True),
        ("code", False, -5, True),
        ("reply", False, 0.05, True),  # asked by a clock that is three seconds ahead
        ("reply", False, 5, False),
        ("reply", True, 0, False),
        ("timer", False, 0, False),
        ("report", False, 0, False),
    ],
)
def test_a_question_is_open_once_released_unless_paused(kind, paused, since, is_open):
    now = datetime(2025, 1, 1, tzinfo=UTC)
    waiting = Waiting("s", 1, kind, paused=paused, since=now + timedelta(minutes=since))
    assert waiting.open_at(now) is is_open
