"""PigeonHost's client: what it writes, and what each answer proves about each text."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import timedelta
from itertools import count
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.errors import SettingsInvalid
from smsflow.providers.base import NotAnswered
from smsflow.providers.content import Format
from smsflow.providers.pigeonhost import PigeonHost
from smsflow.providers.transport import MaybeSent, NotSent, Response
from smsflow.sms.answers import Verdict
from smsflow.sms.encoding import Language, Shifts
from smsflow.sms.encoding.transliteration import Transliteration
from smsflow.sms.messages import Day, DeliveryWindow, Outgoing, Tracking
from smsflow.sms.states import State
from tests.providers.conftest import NOW, Wire


def verdicts(answers):
    return [answer.verdict for answer in answers]


def answered(*messages, status=200):
    return Response(status, {}, json.dumps({"messages": messages}).encode())


def error(status, name="", said="", **headers):
    fault = {"requestError": {"serviceException": {"messageId": name, "text": said}}}
    return Response(status, headers, json.dumps(fault).encode())


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


def test_what_is_optional_in_a_text_is_passed_on(pigeon, wire, text):
    """Each by the API's own name."""
    extras = {
        "flash": True,
        "transliteration": Transliteration.GREEK,
        "shifts": Shifts(Language.TR, Language.TR),
        "callback_data": "order 7",
        "send_at": NOW,
        "window": DeliveryWindow((Day.SUNDAY,)),
    }
    pigeon.send([text(**extras)])
    (sent,) = wire.sent()
    assert sent["flash"] is True
    assert sent["transliteration"] == "GREEK"
    assert sent["language"] == {"languageCode": "TR", "singleShift": True, "lockingShift": True}
    assert sent["callbackData"] == "order 7"
    assert sent["sendAt"] == "2015-03-01T08:00:00.000+0000"
    assert sent["deliveryTimeWindow"] == {"days": ["SUNDAY"]}


def test_texts_that_are_tracked_apart_go_in_requests_of_their_own(pigeon, wire, text):
    """Tracking holds for a whole request; the answers stay in order."""
    track = Tracking("URL", "INVITE")
    texts = [text(1), text(2, tracking=track), text(3, tracking=track), text(1)]
    assert verdicts(pigeon.send(texts)) == [*[Verdict.ACCEPTED] * 3, Verdict.DUPLICATE]
    bodies = [json.loads(body) for _, _, _, body in wire.requests]
    assert [each.get("tracking") for each in bodies] == [
        None,
        {"track": "URL", "type": "INVITE"},
        None,
    ]
    assert [len(each["messages"]) for each in bodies] == [1, 2, 1]


def test_a_key_takes_the_place_of_the_login(wire, text):
    """And reports are asked for in the account's own format."""
    provider = PigeonHost(
        "pigeon", "https://pigeon.example", key="k3y", format=Format.XML, transport=wire
    )
    wire.then(Response(200, {}, b"<smsResponse><messages/></smsResponse>"))
    provider.send([text(report_url="https://me.example/dlr")])
    assert wire.requests[0][2]["Authorization"] == "App k3y"
    assert b"<notifyContentType>application/xml" in wire.requests[0][3]


PULLED = {"messageId": "1", "from": "447700900001", "text": "Hi"}


def test_reports_and_texts_are_pulled(pigeon, wire, payload):
    """As they would be pushed; one that can't be read is kept beside the others."""
    wire.then(Response(200, {}, payload("reports_final")))
    assert pigeon.pull_reports(50)[0].wire_id == "m1-0"
    body = json.dumps({"results": [PULLED, {"from": "?"}]}).encode()
    wire.then(Response(200, {}, body), Response(200, {}, body))
    good, bad = pigeon.pull_texts(1000)
    assert (good.text, good.message_id) == ("Hi", "1")
    assert json.loads(bad.raw) == {"results": [{"from": "?"}]}
    assert pigeon.received_again(NOW, NOW) == [good, bad]
    asked = [urlsplit(url) for _, url, _, _ in wire.requests]
    assert [parts.path for parts in asked] == [
        "/sms/1/reports",
        "/sms/1/inbox/reports",
        "/sms/1/inbox/logs",
    ]
    at = "2015-03-01T08:00:00.000+0000"
    assert [dict(parse_qsl(parts.query)) for parts in asked] == [
        {"limit": "50"},
        {"limit": "1000"},
        {"limit": "1000", "receivedSince": at, "receivedUntil": at},
    ]


def test_what_was_pulled_and_is_no_answer_is_kept_whole(pigeon, wire):
    """It won't be given out again."""
    wire.then(Response(200, {}, b"<html>\xff"))
    (kept,) = pigeon.pull_texts(50)
    assert "cannot be read" in kept.reason
    assert kept.raw == json.dumps("<html>\\xff")


@pytest.mark.parametrize(
    ("happens", "lost"), [(NotSent("x"), False), (MaybeSent("x"), True), (error(401), False)]
)
def test_a_pull_that_failed_says_whether_something_may_be_lost(pigeon, wire, happens, lost):
    """An answer that broke off may have had the only copy."""
    wire.then(happens)
    with pytest.raises(NotAnswered) as failed:
        pigeon.pull_reports(50)
    assert failed.value.lost is lost


def test_numbers_are_looked_up_in_their_order(pigeon, wire):
    """Reachable, out of use, and nobody knows."""
    answers = [
        {
            "to": "447700900002",
            "status": {"groupId": 2, "groupName": "UNDELIVERABLE", "id": 9},
            "error": {"id": 1, "name": "EC_UNKNOWN_SUBSCRIBER"},
        },
        {
            "to": "447700900001",
            "status": {"groupId": 3, "groupName": "DELIVERED", "id": 5},
            "mccMnc": "23410",
            "originalNetwork": {"networkName": "O2"},
            "ported": True,
            "portedNetwork": {"networkName": "EE"},
            "roaming": True,
            "roamingNetwork": {"countryName": "France"},
        },
        {"to": "447700900003", "status": REFUSED | {"groupId": 1, "groupName": "PENDING"}},
    ]
    wire.then(Response(200, {}, json.dumps({"results": answers}).encode()))
    numbers = [f"+44770090000{n}" for n in range(1, 5)]
    found = pigeon.lookup(numbers)
    assert [each.number for each in found] == numbers
    assert [each.reachable for each in found] == [True, False, None, None]
    assert (found[0].network, found[0].network_name) == ("23410", "EE")
    assert (found[0].ported, found[0].roaming, found[0].roaming_in) == (True, True, "France")
    assert found[1].error == "EC_UNKNOWN_SUBSCRIBER"
    wire.then(NotSent("x"))
    with pytest.raises(NotAnswered):
        pigeon.lookup(numbers)


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
    assert answers[3].status == "REJECTED_DESTINATION 52"
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


gone = pytest.mark.parametrize(
    ("happens", "of_it", "of_the_rest"),
    [
        (MaybeSent("reset"), Verdict.AMBIGUOUS, Verdict.NOT_SENT),
        (NotSent("refused"), Verdict.NOT_SENT, Verdict.NOT_SENT),
        (error(401), Verdict.UNAUTHORIZED, Verdict.UNAUTHORIZED),
        (error(429), Verdict.THROTTLED, Verdict.THROTTLED),
    ],
)


@gone
def test_one_by_one_stops_when_the_provider_is_gone(
    pigeon, wire, text, payload, happens, of_it, of_the_rest
):
    """Texts that were not tried are not sent, and no time-out is waited for twice."""
    wire.then(Response(400, {}, payload("refused_request")), answered(entry()), happens)
    answers = pigeon.send([text(n) for n in range(1, 5)])
    assert verdicts(answers) == [Verdict.ACCEPTED, of_it, of_the_rest, of_the_rest]
    assert len(wire.requests) == 3


@gone
def test_texts_with_requests_of_their_own_stop_when_the_provider_is_gone(
    pigeon, wire, text, happens, of_it, of_the_rest
):
    """As those of a batch that was refused do."""
    wire.then(answered(entry()), happens)
    answers = pigeon.send([text(n, send_at=NOW + timedelta(hours=1)) for n in range(1, 5)])
    assert verdicts(answers) == [Verdict.ACCEPTED, of_it, of_the_rest, of_the_rest]
    assert len(wire.requests) == 2


def test_a_slow_provider_is_not_waited_for_a_hundred_times(wire, text):
    """What waits is leased, and STOP can't hold it back; so the rest is claimed anew, at once."""
    seconds = count(0, 3)
    pigeon = PigeonHost(
        "pigeon",
        "https://pigeon.example/",
        "user",
        "s3cret",
        transport=wire,
        now=lambda: NOW + timedelta(seconds=next(seconds)),
    )
    later = NOW + timedelta(hours=1)
    answers = pigeon.send([text(n, send_at=later) for n in range(1, 101)])
    assert verdicts(answers) == [Verdict.ACCEPTED] * 2 + [Verdict.NOT_SENT] * 98
    assert {answer.retry_after for answer in answers[2:]} == {0}


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
def test_of_several_lines_of_an_id_the_accepted_one_counts(pigeon, wire, refused_first):
    """A line that proves the text out wins over any other, wherever it stands."""
    lines = [{"messageId": "m", "status": REFUSED}, {"messageId": "m", "status": ENROUTE}]
    body = json.dumps({"results": lines if refused_first else lines[::-1]}).encode()
    wire.then(Response(200, {}, body))
    assert pigeon.settle(["m"])["m"].verdict is Verdict.ACCEPTED


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
    wire = Wire().then(Response(200, {}, body), Response(200, {}, body))
    provider = PigeonHost("pigeon", "https://pigeon.example", transport=wire)
    assert len(provider.send(texts)) == 3
    assert set(provider.settle(["m1-0"])) <= {"m1-0"}
