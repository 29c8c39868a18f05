"""PigeonHost's client: what it writes, and what each answer proves about each text."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.errors import SettingsInvalid
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.providers.pigeonhost_answers import read_logs, read_submit
from smsflow.providers.transport import MaybeSent, NotSent, Response
from smsflow.sms.answers import Verdict
from smsflow.sms.messages import Outgoing
from smsflow.sms.states import State


def verdicts(answers):
    return [answer.verdict for answer in answers]


def answered(*messages, status=200):
    return Response(status, {}, json.dumps({"messages": messages}).encode())


ENROUTE = {"groupId": 1, "groupName": "PENDING", "id": 7, "name": "PENDING_ENROUTE"}
REFUSED = {"groupId": 5, "groupName": "REJECTED", "id": 6, "name": "REJECTED_NETWORK"}


def test_many_texts_go_in_one_request_with_their_own_ids(pigeon, wire, text):
    """One entry for each text; numbers lose their +; reports are asked for as JSON."""
    pigeon.send(
        [
            text(1, report_url="https://me.example/dlr/secret", validity_minutes=90),
            text(2, sender="+447700900100"),
        ]
    )
    ((method, url, headers, _),) = wire.requests
    assert (method, url) == ("POST", "https://pigeon.example/sms/1/text/advanced")
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert wire.sent() == [
        {
            "from": "Bakery",
            "destinations": [{"to": "447700900001", "messageId": "m1-0"}],
            "text": "Bread is ready.",
            "notifyUrl": "https://me.example/dlr/secret",
            "notifyContentType": "application/json",
            "intermediateReport": True,
            "validityPeriod": 90,
        },
        {
            "from": "447700900100",
            "destinations": [{"to": "447700900002", "messageId": "m2-0"}],
            "text": "Bread is ready.",
        },
    ]


def test_the_login_goes_in_the_header_and_nowhere_else(pigeon, wire, text):
    """Basic auth carries it; neither the object's repr nor a failure shows it."""
    wire.then(Response(404), NotSent("no connection"))
    details = [answer.detail for answer in pigeon.send([text()]) + pigeon.send([text()])]
    scheme, login = wire.requests[0][2]["Authorization"].split()
    assert (scheme, b64decode(login)) == ("Basic", b"user:s3cret")
    for shown in [repr(pigeon), *details]:
        assert "s3cret" not in shown
        assert login not in shown


def test_the_same_try_again_has_the_same_body(pigeon, wire, text):
    """An ambiguous send is repeated to the byte."""
    wire.then(MaybeSent("reset"))
    pigeon.send([text()])
    pigeon.send([text()])
    assert wire.requests[0] == wire.requests[1]


def test_each_text_of_a_recorded_answer_is_judged_on_its_own(pigeon, wire, text, payload):
    """Credits pass, a wrong number is final and found by its place, a duplicate is no proof."""
    wire.then(Response(200, {}, payload("submit_some_refused")))
    answers = pigeon.send([text(n) for n in range(1, 6)])
    assert verdicts(answers) == [
        Verdict.ACCEPTED,
        Verdict.ACCEPTED,
        Verdict.FOR_NOW,
        Verdict.REJECTED,
        Verdict.DUPLICATE,
    ]
    assert [answer.segments for answer in answers] == [1, 2, 1, None, None]
    assert [answer.state for answer in answers] == [
        State.ACCEPTED,
        State.ACCEPTED,
        State.QUEUED,
        State.REJECTED,
        State.UNCERTAIN,
    ]
    assert answers[3].status == "REJECTED_DESTINATION"
    assert answers[3].detail == "that is no number"


def test_an_answer_without_a_bulk_id_is_read(pigeon, wire, text, payload):
    """One text alone gets no bulkId."""
    wire.then(Response(200, {}, payload("submit_one_without_bulk")))
    assert verdicts(pigeon.send([text()])) == [Verdict.ACCEPTED]


def entry(**fields):
    return {"to": "447700900001", "messageId": "m1-0", "status": ENROUTE} | fields


# What an answer to the texts m1-0 and m2-0 proves of both.
ACCEPTED, AMBIGUOUS, REJECTED = Verdict.ACCEPTED, Verdict.AMBIGUOUS, Verdict.REJECTED
SECOND = entry(messageId="m2-0", to="447700900002")
MATCHING = {
    "in another order": ([SECOND, entry()], [ACCEPTED, ACCEPTED]),
    "one left out": ([SECOND], [AMBIGUOUS, ACCEPTED]),
    "none": ([], [AMBIGUOUS, AMBIGUOUS]),
    "no ids, by place": (
        [entry(messageId=None), entry(messageId=None, to="447700900002", status=REFUSED)],
        [ACCEPTED, REJECTED],
    ),
    "neither ids nor numbers, by place": (
        [{"status": ENROUTE}, {"status": REFUSED}],
        [ACCEPTED, REJECTED],
    ),
    "ids of their own, by number": (
        [entry(messageId="x", to="447700900002"), entry(messageId="y", status=REFUSED)],
        [REJECTED, ACCEPTED],
    ),
    "a place that another number holds": (
        [entry(messageId=None, to="447700900009"), SECOND],
        [AMBIGUOUS, ACCEPTED],
    ),
    "one without id among three": (
        [SECOND, entry(messageId="z", to="447700900009"), entry(messageId=None, status=REFUSED)],
        [REJECTED, ACCEPTED],
    ),
    "an entry that is no object": (["ok", SECOND], [AMBIGUOUS, ACCEPTED]),
    "no status": ([entry(status=None), SECOND], [AMBIGUOUS, ACCEPTED]),
    "a status nobody knows": ([entry(status={"name": "NEW"}), SECOND], [AMBIGUOUS, ACCEPTED]),
    "a new name in a known group": (
        [entry(status={"name": "NEW", "groupId": 5}), SECOND],
        [REJECTED, ACCEPTED],
    ),
    "a status that contradicts itself": (
        [entry(status=REFUSED | {"groupId": 0}), SECOND],
        [AMBIGUOUS, ACCEPTED],
    ),
    "delivered before the answer": (
        [entry(status={"groupId": 3, "groupName": "DELIVERED", "id": 5}), SECOND],
        [ACCEPTED, ACCEPTED],
    ),
}


@pytest.mark.parametrize(("messages", "expected"), MATCHING.values(), ids=MATCHING)
def test_answers_find_their_texts(pigeon, wire, text, messages, expected):
    """By messageId, else by place or number; what is left open is ambiguous."""
    wire.then(answered(*messages))
    assert verdicts(pigeon.send([text(1), text(2)])) == expected


def test_two_texts_to_one_number_are_not_guessed(pigeon, wire, text):
    """An entry without an id that fits two texts is given to neither."""
    wire.then(answered(entry(messageId=None)))
    both = [text(1), text(2, to="+447700900001"), text(3)]
    assert verdicts(pigeon.send(both)) == [AMBIGUOUS, AMBIGUOUS, AMBIGUOUS]


def error(status, name="", said="", **headers):
    fault = {"requestError": {"serviceException": {"messageId": name, "text": said}}}
    return Response(status, headers, json.dumps(fault).encode())


# What a failed request proves of every text in it.
FAILURES = {
    "no connection": (NotSent("refused"), Verdict.NOT_SENT),
    "a time-out after the connect": (MaybeSent("time-out"), Verdict.AMBIGUOUS),
    "500": (error(500, "GENERAL_ERROR"), Verdict.AMBIGUOUS),
    "503 by a proxy": (Response(503, {}, b"<html>"), Verdict.AMBIGUOUS),
    "408": (Response(408), Verdict.AMBIGUOUS),
    "a wrong login": (error(401, "UNAUTHORIZED", "The login is wrong."), Verdict.UNAUTHORIZED),
    "forbidden": (error(403, "FORBIDDEN"), Verdict.UNAUTHORIZED),
    "too many requests": (error(429, "TOO_MANY_REQUESTS"), Verdict.THROTTLED),
    "a redirect": (Response(302, {"location": "/"}), Verdict.NOT_SENT),
    "a wrong path": (error(404, "NOT_FOUND"), Verdict.NOT_SENT),
    "a wrong method": (Response(405), Verdict.NOT_SENT),
    "400 by a proxy": (Response(400, {}, b"<html>"), Verdict.NOT_SENT),
    "200 and no JSON": (Response(200, {}, b"<html>"), Verdict.AMBIGUOUS),
    "200 and half an answer": (Response(200, {}, b'{"messages": ['), Verdict.AMBIGUOUS),
    "200 and no messages": (Response(200, {}, b"{}"), Verdict.AMBIGUOUS),
    "200 and nothing but brackets": (Response(200, {}, b"[" * 100_000), Verdict.AMBIGUOUS),
}


@pytest.mark.parametrize(("happens", "verdict"), FAILURES.values(), ids=FAILURES)
def test_a_failed_request_gives_every_text_the_same_answer(pigeon, wire, text, happens, verdict):
    """Nothing is raised, nothing is tried again here."""
    wire.then(happens)
    first, second = pigeon.send([text(1), text(2)])
    assert first == second
    assert first.verdict is verdict
    assert not first.state.final
    assert len(wire.requests) == 1


def test_a_wrong_path_names_the_url(pigeon, wire, text):
    """Who reads the attempt sees what to mend."""
    wire.then(error(404))
    (answer,) = pigeon.send([text()])
    assert "https://pigeon.example/sms/1/text/advanced" in answer.detail


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("Sun, 01 Mar 2015 08:02:00 GMT", 120.0),
        ("Sun, 01 Mar 2015 07:00:00 GMT", 0.0),
        ("9" * 40, 86_400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("soon", None),
        ("²", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(pigeon, wire, text, header, seconds):
    """The date is measured against the clock that was given; a wait is at most a day."""
    wire.then(error(429, **{"retry-after": header}))
    (answer,) = pigeon.send([text()])
    assert answer.retry_after == seconds


def test_a_text_refused_for_its_content_is_rejected_with_the_providers_words(
    pigeon, wire, text, payload
):
    """A request of one text that is refused is the end of that text."""
    wire.then(Response(400, {}, payload("refused_request")))
    (answer,) = pigeon.send([text()])
    assert (answer.verdict, answer.state) == (Verdict.REJECTED, State.REJECTED)
    assert answer.status == "BAD_REQUEST"
    assert answer.detail == "HTTP 400: A sender has at most 11 letters."


def test_one_bad_text_does_not_cost_its_batch(pigeon, wire, text, payload):
    """A refused batch is sent text by text, and the good ones go out."""
    refused = Response(400, {}, payload("refused_request"))
    wire.then(refused, answered(entry()), refused)
    answers = pigeon.send([text(1), text(2), text(3)])
    assert verdicts(answers) == [Verdict.ACCEPTED, Verdict.REJECTED, Verdict.ACCEPTED]
    assert wire.out == ["m3-0"]
    assert [len(wire.sent(n)) for n in range(4)] == [3, 1, 1, 1]


@pytest.mark.parametrize(
    ("happens", "of_it", "of_the_rest"),
    [
        (MaybeSent("reset"), Verdict.AMBIGUOUS, Verdict.NOT_SENT),
        (NotSent("refused"), Verdict.NOT_SENT, Verdict.NOT_SENT),
        (error(401), Verdict.UNAUTHORIZED, Verdict.UNAUTHORIZED),
        (error(429), Verdict.THROTTLED, Verdict.THROTTLED),
    ],
)
def test_one_by_one_stops_when_the_provider_is_gone(
    pigeon, wire, text, payload, happens, of_it, of_the_rest
):
    """Texts that were not tried are not sent, and no time-out is waited for twice."""
    wire.then(Response(400, {}, payload("refused_request")), answered(entry()), happens)
    answers = pigeon.send([text(n) for n in range(1, 5)])
    assert verdicts(answers) == [Verdict.ACCEPTED, of_it, of_the_rest, of_the_rest]
    assert len(wire.requests) == 3


def test_settling_reads_the_logs(pigeon, wire, payload):
    """Taken is accepted with its state, refused as at the send; a duplicate says nothing."""
    wire.then(Response(200, {}, payload("logs")))
    found = pigeon.settle(["m1-0", "m2-0", "m3-0", "m4-0", "m5-0", "m6-0"])
    assert {id_: (answer.verdict, answer.state) for id_, answer in found.items()} == {
        "m1-0": (Verdict.ACCEPTED, State.DELIVERED),
        "m2-0": (Verdict.ACCEPTED, State.PENDING),
        "m3-0": (Verdict.FOR_NOW, State.QUEUED),
        "m5-0": (Verdict.REJECTED, State.UNDELIVERABLE),
    }
    assert wire.requests[0][:2] == (
        "GET",
        "https://pigeon.example/sms/1/logs?"
        + "".join(f"messageId=m{n}-0&" for n in range(1, 7))
        + "limit=1000",
    )


@pytest.mark.parametrize("refused_first", [True, False])
def test_of_several_lines_of_an_id_the_accepted_one_counts(refused_first):
    """A line that proves the text out wins over any other, wherever it stands."""
    lines = [{"messageId": "m", "status": REFUSED}, {"messageId": "m", "status": ENROUTE}]
    body = json.dumps({"results": lines if refused_first else lines[::-1]}).encode()
    found = read_logs(["m"], body)
    assert found is not None
    assert found["m"].verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    "happens", [NotSent("x"), MaybeSent("x"), error(401), error(500), Response(200, {}, b"?")]
)
def test_logs_that_cannot_be_asked_settle_nothing(pigeon, wire, happens):
    """The ids are ambiguous, which is not the same as unknown; and the logs are left alone."""
    ids = [f"m{n}-0" for n in range(120)]
    wire.logs["m0-0"] = ENROUTE
    wire.then("work", happens)
    found = pigeon.settle(ids)
    assert len(wire.requests) == 2
    assert found["m0-0"].verdict is Verdict.ACCEPTED
    assert list(found) == ["m0-0", *ids[50:]]
    assert {found[id_].verdict for id_ in ids[50:]} == {Verdict.AMBIGUOUS}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pigeon.example",
        "ftp://pigeon.example",
        "https://",
        "https://h:x",
        "https://u:pw@h/",
        "https://h/?key=pw",
        "https://[::1",
    ],
)
def test_a_url_that_is_no_base_is_refused_without_showing_it(wire, url):
    """It may hold a secret, so the error says only what to write."""
    with pytest.raises(SettingsInvalid, match="write it as https://") as refused:
        PigeonHost("pigeon", url, "user", "pw", transport=wire)
    assert "pw" not in str(refused.value)


def test_a_user_with_a_colon_is_refused(wire):
    """Basic auth would cut it in two."""
    with pytest.raises(SettingsInvalid, match="colon"):
        PigeonHost("pigeon", "https://h", "a:b", "pw", transport=wire)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messageId", "to", "status", "name", "groupId", "smsCount"]), inner
        )
    ),
    max_leaves=12,
)


@given(
    st.binary()
    | st.builds(
        lambda key, items: json.dumps({key: items}).encode(),
        st.sampled_from(["messages", "results"]),
        st.lists(json_values, max_size=4),
    )
)
def test_no_answer_breaks_the_client(body):
    """Whatever a provider answers, each text has a verdict."""
    texts = [Outgoing(f"m{n}-0", "Bakery", f"+44770090000{n}", "Hi") for n in range(3)]
    assert len(read_submit(texts, body)) == 3
    found = read_logs(["m1-0"], body)
    assert found is None or set(found) <= {"m1-0"}
