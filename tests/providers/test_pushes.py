"""Pushes: texts and reports as they come in, readable or not."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import astuple
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.errors import WebhookRejected
from smsflow.providers.base import Unreadable
from smsflow.providers.pigeonhost_push import MOST_RESULTS, read_dlr, read_mo_get, read_mo_post
from smsflow.sms.messages import Part, Received, Report
from smsflow.sms.octets import joined
from smsflow.sms.states import State

SENDER = "447700900001"


def body(*results):
    return json.dumps({"results": results}).encode()


def got(query, **names):
    (found,) = read_mo_get({"sender": SENDER} | query, names)
    return found


def test_the_manuals_names_are_the_default_in_any_case():
    """A URL made of the manual's own names needs no mapping."""
    query = {
        "Sender": SENDER,
        "RECEIVER": "60500",
        "Text": "Hi",
        "MessageId": "817",
        "datetime": "2015-03-01T09:30:00.250+0100",
        "output": "json",
    }
    (found,) = read_mo_get(query, {})
    at = datetime(2015, 3, 1, 8, 30, 0, 250_000, tzinfo=UTC)
    assert found == Received("+447700900001", "60500", "Hi", "817", at)


def test_parameters_have_the_names_that_the_user_chose():
    """The template's own names are mapped from the manual's."""
    (found,) = read_mo_get({"WHO": SENDER, "what": "ABC"}, {"Sender": "who", "text": "what"})
    assert found == Received("+447700900001", None, "ABC", None, None)


CONTENT = {
    "text": ({"text": "Grüße"}, "Grüße"),
    "an empty text": ({"text": ""}, ""),
    "text for datacoding 0 beside an empty bin": ({"text": "A", "bin": "", "datacoding": "0"}, "A"),
    "bin beside an empty text": ({"text": "", "bin": "00480069", "datacoding": "8"}, "Hi"),
    "bin without datacoding is GSM": ({"bin": "414243"}, "ABC"),
    "GSM octets are not ASCII": ({"bin": "0002", "datacoding": "0"}, "@$"),
    "GSM with an escape": ({"bin": "1B65", "datacoding": "0"}, "€"),
    "Latin-1": ({"bin": "4772fcdf65", "datacoding": "3"}, "Grüße"),
    "UCS-2 with a surrogate pair": ({"bin": "D83EDD56", "datacoding": "8"}, "🥖"),
    "half a surrogate pair": ({"bin": "D83E", "datacoding": "8"}, "\ufffd"),
    "a header is left out": (
        {"bin": "050003AA010100480069", "datacoding": "8", "esmclass": "64"},
        "Hi",
    ),
    "a header that names a national table": (
        {"bin": "032401011B67", "datacoding": "0", "esmclass": "64"},
        "ğ",
    ),
    "ASCII": ({"bin": "4142", "datacoding": "1"}, "AB"),
    "Cyrillic": ({"bin": "bfe0d8", "datacoding": "6"}, "При"),
    "Hebrew": ({"bin": "e9", "datacoding": "7"}, "י"),
    "GSM with a message class": ({"bin": "00", "datacoding": "17"}, "@"),
    "GSM with a message class of the other group": ({"bin": "00", "datacoding": "240"}, "@"),
    "UCS-2 with a message class": ({"bin": "00480069", "datacoding": "24"}, "Hi"),
    "other bits of esmclass mean no header": ({"bin": "414243", "esmclass": "4"}, "ABC"),
    "half a surrogate pair as text": ({"text": "a\ud83e"}, "a\ufffd"),
    "a NUL": ({"text": "a\0b"}, "a\ufffdb"),
}


@pytest.mark.parametrize(("query", "text"), CONTENT.values(), ids=CONTENT)
def test_the_text_of_a_get_is(query, text):
    """Text as it stands, or bin by its datacoding."""
    assert got(query).text == text


def test_bin_alone_may_have_any_name():
    """what=%bin% is the manual's own example."""
    assert got({"what": "414243"}, bin="what").text == "ABC"


BROKEN = {
    "no hex": ({"bin": "4G"}, "bin is not hex"),
    "half an octet": ({"bin": "414"}, "bin is not hex"),
    "octets": ({"bin": "41", "datacoding": "4"}, "datacoding 4 is not text"),
    "octets with a message class": ({"bin": "41", "datacoding": "244"}, "is not text"),
    "ports of an application": (
        {"bin": "060504158200000041", "esmclass": "64"},
        "for an application",
    ),
    "a header with a cut element": ({"bin": "02000541", "esmclass": "64"}, "is cut"),
    "datacoding in words": ({"bin": "41", "datacoding": "UCS2"}, "datacoding is not a number"),
    "esmclass too large": ({"bin": "41", "esmclass": "256"}, "esmclass is not a number"),
    "an odd UCS-2": ({"bin": "004", "datacoding": "8"}, "bin is not hex"),
    "half a UCS-2 unit": ({"bin": "004800", "datacoding": "8"}, "odd"),
    "an octet that is no septet": ({"bin": "80"}, "septet"),
    "a header longer than all": ({"bin": "0500", "esmclass": "64"}, "header is longer"),
    "a sender that is none": ({"text": "Hi", "sender": "+"}, "no phone number"),
}


@pytest.mark.parametrize(("query", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_get_that_cannot_be_read_is_kept_with_its_reason(query, reason):
    """Nothing is lost: the parameters stay for an operator."""
    found = got(query)
    assert isinstance(found, Unreadable)
    assert reason in found.reason
    assert json.loads(found.raw) == {"sender": SENDER} | query


@pytest.mark.parametrize(
    ("query", "names", "reason"),
    [
        ({}, {}, "'sender' is missing"),
        ({"sender": "1", "text": "a"}, {"sender": "who"}, "'who' is missing"),
        ({"sender": SENDER}, {}, "text and bin are both missing"),
    ],
)
def test_a_get_without_its_parameters_is_refused(query, names, reason):
    """A template that lacks them is a mistake to be told at once."""
    with pytest.raises(WebhookRejected, match=reason) as rejected:
        read_mo_get(query, names)
    assert rejected.value.status == 400


def test_recorded_texts_are_read(payload):
    """Two texts, to a long number and a short code, with dates of both spellings."""
    assert read_mo_post(payload("texts_in"), "application/json") == [
        Received(
            "+447700900001",
            "+447700900100",
            "JOIN spring",
            "817790313235066447",
            datetime(2015, 3, 1, 9, 30, 0, 250_000, tzinfo=UTC),
        ),
        Received(
            "+447700900002",
            "60500",
            "Grüße 🥖",
            "817790313235066448",
            datetime(2015, 3, 1, 9, 30, 1, tzinfo=UTC),
        ),
    ]


def test_recorded_final_reports_are_read(payload):
    """A name with spaces is the table's; an error is named, and no error is None."""
    done = datetime(2015, 3, 1, 7, 0, 2, 500_000, tzinfo=UTC)
    assert read_dlr(payload("reports_final"), "application/json; charset=utf-8") == [
        Report("m1-0", "+447700900001", State.DELIVERED, "DELIVERED_TO_HANDSET", None, done),
        Report(
            "m2-0",
            "+447700900002",
            State.UNDELIVERABLE,
            "UNDELIVERABLE_NOT_DELIVERED",
            "EC_UNKNOWN_SUBSCRIBER",
            done,
        ),
    ]


def test_an_intermediate_report_is_pending_though_its_group_says_delivered(payload):
    """The trap of the manual's example."""
    (report,) = read_dlr(payload("report_intermediate"), "application/json")
    assert (report.state, report.error) == (State.PENDING, "EC_ABSENT_SUBSCRIBER")


TEXT = {"from": SENDER, "to": "60500", "text": "Hi", "messageId": "1"}
BAD_TEXTS = {
    "no object": (7, "not an object"),
    "no sender": (TEXT | {"from": None}, "from is missing"),
    "a sender that is none": (TEXT | {"from": "?"}, "no phone number"),
    "no text": (TEXT | {"text": None}, "text is missing"),
    "a text that is no string": (TEXT | {"text": ["Hi"]}, "text is missing"),
    "a receiver that is none": (TEXT | {"to": "?"}, "no phone number"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_a_bad_text_is_kept_and_costs_no_other(bad, reason):
    """It is handed back with its place and reason, between two that are read."""
    first, found, last = read_mo_post(body(TEXT, bad, TEXT), "application/json")
    assert isinstance(found, Unreadable)
    assert found.index == 1
    assert reason in found.reason
    assert json.loads(found.raw) == {"results": [bad]}
    assert first == last == Received("+447700900001", "60500", "Hi", "1", None)


@pytest.mark.parametrize("date", ["yesterday", "2015-03-01", "2015-03-01T09:30:00", 5, None])
def test_a_date_that_cannot_be_read_costs_no_text(date):
    """The text comes without its date."""
    (found,) = read_mo_post(body(TEXT | {"receivedAt": date}), "application/json")
    assert found.text == "Hi"
    assert found.received_at is None


def test_what_no_database_takes_is_replaced():
    """Half of a surrogate pair and NUL can be written in JSON, and in nothing else."""
    (found,) = read_mo_post(body(TEXT | {"text": "a\ud83e\0", "messageId": "\0"}), "")
    assert (found.text, found.message_id) == ("a\ufffd\ufffd", "\ufffd")


def test_an_id_may_be_a_number():
    """Some answers write ids without quotes."""
    (found,) = read_mo_post(body(TEXT | {"messageId": 817, "from": int(SENDER)}), "")
    assert (found.message_id, found.sender) == ("817", "+447700900001")


REPORT = {"messageId": "m1-0", "to": SENDER, "status": {"name": "DELIVERED_TO_HANDSET"}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"messageId": ""}, "messageId is missing"),
        ({"to": None}, "to is missing"),
        ({"status": "DELIVERED"}, "status is missing"),
    ],
)
def test_a_bad_report_is_kept_and_costs_no_other(change, reason):
    """The good one is read all the same."""
    found, good = read_dlr(body(REPORT | change, REPORT), "application/json")
    assert isinstance(found, Unreadable)
    assert reason in found.reason
    assert isinstance(good, Report)


def test_an_empty_push_has_no_results():
    """Nothing to tell is no mistake."""
    assert read_mo_post(b'{"results": []}', "application/json") == []


REFUSED = {
    "no JSON": (b"results=1", 400),
    "nothing": (b"", 400),
    "not UTF-8": (b'{"results": ["\xff"]}', 400),
    "no object": (b"[]", 400),
    "no results": (b"{}", 400),
    "results that are no list": (b'{"results": {}}', 400),
    "nested too deeply": (b"[" * 100_000, 400),
    "too many": (body(*[TEXT] * (MOST_RESULTS + 1)), 413),
}


@pytest.mark.parametrize(("content", "status"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("read", [read_mo_post, read_dlr])
def test_a_body_that_is_no_push_is_refused(read, content, status):
    """The caller is told with a 4xx and a sentence."""
    with pytest.raises(WebhookRejected) as rejected:
        read(content, "application/json")
    assert rejected.value.status == status
    assert rejected.value.reason


XML = """<?xml version="1.0" encoding="UTF-8"?>
<reportResponse><results>
  <result>
    <messageId>m1-0</messageId><to>447700900001</to><doneAt>2015-03-01T08:00:02.500+0100</doneAt>
    <status><groupId>3</groupId><groupName>DELIVERED</groupName><id>5</id>
      <name>DELIVERED_TO_HANDSET</name></status>
    <error><id>0</id><name>NO_ERROR</name></error>
  </result>
  <result><messageId>m2-0</messageId></result>
</results></reportResponse>"""


def test_reports_pushed_in_xml_are_read():
    """As those in JSON; a bad one is kept as JSON, beside the good one."""
    good, bad = read_dlr(XML.encode(), "Application/XML; charset=utf-8")
    done = datetime(2015, 3, 1, 7, 0, 2, 500_000, tzinfo=UTC)
    delivered = "DELIVERED_TO_HANDSET"
    assert good == Report("m1-0", "+447700900001", State.DELIVERED, delivered, None, done)
    assert json.loads(bad.raw) == {"results": [{"messageId": "m2-0"}]}


def test_texts_pushed_in_xml_are_read_in_both_dialects():
    """`result` in `results`, and `results` in `results` as an older one has it."""
    for item in ("result", "results"):
        one = f"<{item}><from>447700900001</from><text>Gr&#252;&#223;e &amp; 5</text></{item}>"
        told = f"<MOReportResponse><results>{one}{one}</results></MOReportResponse>"
        found = read_mo_post(told.encode(), "text/xml")
        assert [each.text for each in found] == ["Grüße & 5"] * 2


@pytest.mark.parametrize(
    "told",
    [
        "<reportResponse/>",
        "<reportResponse><results>",
        '<!DOCTYPE r [<!ENTITY a "b">]><r><results/></r>',
        '<?xml version="1.0" encoding="nonsense"?><r><results/></r>',
        "<a>" * 60 + "</a>" * 60,
    ],
)
def test_xml_that_is_no_push_is_refused(told):
    """Nothing in it is fetched or expanded."""
    with pytest.raises(WebhookRejected) as rejected:
        read_mo_post(told.encode(), "application/xml")
    assert rejected.value.status == 400


def test_a_part_of_a_long_text_is_told_with_its_octets():
    """8-bit and 16-bit references; what a phone cut in two is whole again when it is joined."""
    first = got({"bin": "050003AA0201" + "D83E", "datacoding": "8", "esmclass": "64"})
    assert first.part == Part(0xAA, 1, 2, 8, b"\xd8\x3e")
    second = got({"bin": "06080400AA0202" + "DD560021", "datacoding": "8", "esmclass": "67"})
    assert second.part == Part(0xAA, 2, 2, 8, b"\xdd\x56\x00\x21")
    assert joined([second.part, first.part]) == "🥖!"


def test_parts_that_are_coded_apart_are_joined_in_order():
    """Each by its own alphabet and tables."""
    turkish = got({"bin": "080003010301240101" + "1B67", "esmclass": "64"}).part
    plain = got({"bin": "050003010302" + "41", "esmclass": "64"}).part
    wide = got({"bin": "050003010303" + "0416", "datacoding": "8", "esmclass": "64"}).part
    assert joined([wide, turkish, plain]) == "ğAЖ"
    assert joined([wide, plain]) == "AЖ"


@pytest.mark.parametrize("counted", ["0203", "0000", "0100", "0101"])
def test_a_part_that_counts_wrongly_is_a_text_of_its_own(counted):
    """As the standard wants it: the element is passed over."""
    found = got({"bin": f"050003AA{counted}41", "esmclass": "64"})
    assert (found.text, found.part) == ("A", None)


def test_as_many_results_as_the_provider_sends_are_read():
    """A hundred is not too many."""
    assert len(read_mo_post(body(*[TEXT] * MOST_RESULTS), "")) == 100


def test_a_deep_result_is_kept_in_short():
    """Showing what could not be read must not fail in turn, whatever its depth."""
    for depth in range(sys.getrecursionlimit() // 2, sys.getrecursionlimit()):
        deep = b'{"results": [' + b'{"a":' * depth + b"1" + b"}" * depth + b"]}"
        with suppress(WebhookRejected):
            (found,) = read_mo_post(deep, "")
            assert isinstance(found, Unreadable)


def storable(found):
    """True when each text in it is whole UTF-8 without NUL, as PostgreSQL wants it."""
    texts = [value for value in astuple(found) if isinstance(value, str)]
    return "\0" not in "".join(texts).encode().decode()


text_in = st.text(st.characters())  # with lone surrogates
values = st.none() | st.booleans() | st.integers() | st.floats() | text_in
results = st.lists(
    values
    | st.dictionaries(
        st.sampled_from(["from", "to", "text", "messageId", "receivedAt", "status", "error"])
        | text_in,
        values | st.dictionaries(st.sampled_from(["name", "id", "groupId", "groupName"]), values),
    ),
    max_size=5,
)


@pytest.mark.parametrize("read", [read_mo_post, read_dlr])
@given(st.binary() | results.map(lambda found: body(*found)), st.sampled_from(["json", "xml"]))
def test_no_bytes_break_the_reading_of_a_post(read, content, form):
    """Everything is read, kept or refused, and what is read can be stored."""
    with suppress(WebhookRejected):
        assert all(map(storable, read(content, f"application/{form}")))


names = st.sampled_from(["sender", "receiver", "text", "bin", "datetime", "messageid"])
codes = st.sampled_from(["0", "3", "4", "8", "64", "255", "x"])


@given(
    st.dictionaries(names | text_in, text_in | st.binary().map(bytes.hex)),
    st.fixed_dictionaries({}, optional={"datacoding": codes, "esmclass": codes}),
)
def test_no_query_breaks_the_reading_of_a_get(query, coding):
    """Whatever the parameters hold, it is read, kept or refused."""
    with suppress(WebhookRejected):
        assert all(map(storable, read_mo_get({"sender": SENDER} | query | coding, {})))
