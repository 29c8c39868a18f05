"""What every provider promises; each test runs on all of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from smsflow.errors import WebhookRejected
from smsflow.providers.base import Directory, LogsUnavailable, Pulled, Unreadable
from smsflow.sms.answers import Verdict
from smsflow.sms.messages import Received, Report
from smsflow.sms.states import State
from tests.providers.conftest import NOW


def verdicts(answers):
    return [answer.verdict for answer in answers]


def test_each_text_gets_an_answer_in_the_order_of_the_texts(sure, text):
    """Refusing the second of three texts answers the second."""
    sure.provider.send([text(9)])
    answers = sure.provider.send([text(1), text(9), text(3)])
    assert verdicts(answers) == [Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.ACCEPTED]
    assert answers[0].state is State.ACCEPTED
    assert answers[0].segments == 1


def test_no_texts_have_no_answers(rig):
    """Nothing to send is no mistake."""
    assert rig.provider.send([]) == []


def test_a_full_batch_is_taken_and_one_more_is_a_mistake_of_the_caller(rig, text):
    """The batch that a provider names is the batch that it takes."""
    full = [text(n) for n in range(rig.provider.capabilities.batch)]
    assert set(verdicts(rig.provider.send(full))) == {Verdict.ACCEPTED}
    with pytest.raises(ValueError, match="a batch has"):
        rig.provider.send([*full, text(9999)])


def test_a_wire_id_that_was_seen_goes_out_once(sure, text):
    """The same wire id again is a duplicate, and no second text leaves."""
    assert sure.provider.capabilities.idempotent
    sure.provider.send([text()])
    assert verdicts(sure.provider.send([text()])) == [Verdict.DUPLICATE]
    assert sure.went_out() == ["m1-0"]


def test_a_lost_answer_is_ambiguous_and_settled_as_accepted(sure, text):
    """The text is out, the retry is a duplicate, and settling finds the truth."""
    sure.loses_the_answer()
    assert verdicts(sure.provider.send([text()])) == [Verdict.AMBIGUOUS]
    assert verdicts(sure.provider.send([text()])) == [Verdict.DUPLICATE]
    assert sure.provider.settle(["m1-0"])["m1-0"].verdict is Verdict.ACCEPTED
    assert sure.went_out() == ["m1-0"]


def test_a_provider_out_of_reach_sent_nothing_and_takes_the_same_id_later(rig, text):
    """What was surely not sent may be repeated under its id."""
    rig.is_out_of_reach()
    (answer,) = rig.provider.send([text()])
    assert (answer.verdict, answer.unreached) == (Verdict.NOT_SENT, True)
    assert verdicts(rig.provider.send([text()])) == [Verdict.ACCEPTED]


def test_a_refusal_for_now_uses_up_its_id(sure, text):
    """The same id is a duplicate afterwards, and settling tells the refusal."""
    sure.refuses_for_now()
    assert verdicts(sure.provider.send([text()])) == [Verdict.FOR_NOW]
    assert verdicts(sure.provider.send([text()])) == [Verdict.DUPLICATE]
    assert sure.provider.settle(["m1-0"])["m1-0"].verdict is Verdict.FOR_NOW
    assert sure.went_out() == []


def test_a_refusal_for_good_is_rejected_with_a_final_state(rig, text):
    """Nothing goes out, and the state ends the text's story."""
    rig.refuses_for_good()
    (answer,) = rig.provider.send([text()])
    assert answer.verdict is Verdict.REJECTED
    assert answer.state.final
    assert rig.went_out() == []


def test_settling_leaves_out_what_the_provider_does_not_know(sure, text):
    """An unknown wire id is absent rather than guessed."""
    sure.provider.send([text()])
    assert list(sure.provider.settle(["m1-0", "never-tried"])) == ["m1-0"]
    assert sure.provider.settle([]) == {}


HOUR = timedelta(hours=1)


def test_the_logs_tell_every_text_of_a_window(sure, text):
    """Old ones first; those before and after the window are left out."""
    for n in range(4):
        sure.provider.send([text(n)])
        sure.passes(HOUR)
    lines = list(sure.provider.logs(NOW + HOUR, NOW + 2 * HOUR))
    assert [line.wire_id for line in lines] == ["m1-0", "m2-0"]
    assert (lines[0].to, lines[0].segments, lines[0].sent_at) == (text(1).to, 1, NOW + HOUR)
    assert all(line.taken for line in lines)


def test_the_logs_know_what_became_of_lost_answers_and_refusals(sure, text):
    """What the provider took is told from what it refused; what never reached it is absent."""
    sure.loses_the_answer()
    sure.provider.send([text(1)])
    sure.refuses_for_now()
    sure.provider.send([text(2)])
    sure.refuses_for_good()
    sure.provider.send([text(3)])
    sure.is_out_of_reach()
    sure.provider.send([text(4)])
    found = {line.wire_id: line for line in sure.provider.logs(NOW, NOW)}
    assert {wire_id: line.taken for wire_id, line in found.items()} == {
        "m1-0": True,
        "m2-0": False,
        "m3-0": False,
    }
    assert (found["m2-0"].state, found["m3-0"].state) == (State.QUEUED, State.REJECTED)


def test_a_duplicate_has_no_line_of_its_own(sure, text):
    """It says nothing of its text, and must not look like a second one."""
    sure.provider.send([text(1)])
    sure.passes(HOUR)
    sure.provider.send([text(1)])
    assert [line.wire_id for line in sure.provider.logs(NOW, NOW + 2 * HOUR)] == ["m1-0"]


def test_logs_that_cannot_be_asked_are_no_empty_logs(rig, text):
    """An audit must not take silence for an answer."""
    rig.provider.send([text(1)])
    rig.logs_are_out_of_reach()
    with pytest.raises(LogsUnavailable):
        list(rig.provider.logs(NOW, NOW))


def test_what_cannot_be_read_is_kept_so_that_its_parser_can_read_it_again(rig):
    """The raw part is a push of its own, for the day when the parser has learnt it."""
    results = [{"from": "447700900001"}, {"from": "447700900001", "text": "Hi"}]
    body = json.dumps({"results": results}).encode()
    names = () if rig.names is None else (rig.names,)
    for parse, given in ((rig.provider.parse_mo_post, names), (rig.provider.parse_dlr, ())):
        kept = parse(body, "", *given)[0]
        (again,) = parse(kept.raw.encode(), "application/json", *given)
        assert again == kept
    (kept,) = rig.provider.parse_mo_get({"sender": "447700900001", "bin": "zz"})
    assert rig.provider.parse_mo_get(json.loads(kept.raw)) == [kept]


def test_a_push_by_get_is_read(rig):
    """One text in has its numbers in E.164."""
    (found,) = rig.provider.parse_mo_get({"sender": "447700900001", "text": "Hi"})
    assert found == Received("+447700900001", None, "Hi", None, None)


def test_one_bad_text_of_a_push_leaves_the_others(rig):
    """The good one is read, and the bad one is kept with its place."""
    results = [{"from": "447700900001"}, {"from": "447700900001", "text": "Hi"}]
    body = json.dumps({"results": results}).encode()
    bad, good = rig.provider.parse_mo_post(body, "", rig.names)
    assert isinstance(bad, Unreadable)
    assert bad.index == 0
    assert good == Received("+447700900001", None, "Hi", None, None)


def test_a_pushed_report_is_read(rig):
    """A report carries our wire id and a state."""
    status = {"groupName": "DELIVERED", "name": "DELIVERED_TO_HANDSET"}
    result = {"messageId": "m1-0", "to": "447700900001", "status": status}
    (found,) = rig.provider.parse_dlr(json.dumps({"results": [result]}).encode(), "")
    assert found == Report("m1-0", "+447700900001", State.DELIVERED, "DELIVERED_TO_HANDSET", None)


def test_what_is_no_push_is_refused(rig):
    """A body that is no JSON is the caller's mistake."""
    for parse in (rig.provider.parse_mo_post, rig.provider.parse_dlr):
        with pytest.raises(WebhookRejected) as rejected:
            parse(b"hello", "application/json")
        assert rejected.value.status == 400


def test_answers_stand_in_the_order_of_the_texts(rig, text):
    """One that is refused for good does not cost the others."""
    rig.refuses_for_good()
    answers = rig.provider.send([text(1), text(2), text(3)])
    assert verdicts(answers) == [Verdict.REJECTED, Verdict.ACCEPTED, Verdict.ACCEPTED]
    assert rig.went_out() == ["m2-0", "m3-0"]


def test_a_provider_without_ids_says_so(unsure, text):
    """Whoever sends holds what is ambiguous, for nothing can settle it."""
    assert not unsure.provider.capabilities.idempotent
    assert unsure.provider.capabilities.logs_kept == timedelta()
    unsure.loses_the_answer()
    assert verdicts(unsure.provider.send([text(1), text(2)])) == [
        Verdict.AMBIGUOUS,
        Verdict.NOT_SENT,
    ]
    assert unsure.went_out() == ["m1-0"]
    assert unsure.provider.settle(["m1-0"]) == {}


def test_a_refusal_for_now_leaves_the_text_to_be_tried_again(unsure, text):
    """It is surely not out."""
    unsure.refuses_for_now()
    assert verdicts(unsure.provider.send([text(1)])) == [Verdict.NOT_SENT]
    assert unsure.went_out() == []


def test_what_a_provider_can_do_is_what_it_says(rig):
    """Pulling and looking up numbers are there exactly when they are named."""
    can = rig.provider.capabilities
    assert isinstance(rig.provider, Pulled) is can.pull
    assert isinstance(rig.provider, Directory) is (can.lookup > 0)


QUERY = {"messageId": "m1-0", "to": "447700900001", "status.name": "DELIVERED_TO_HANDSET"}


def test_a_report_by_get_is_refused_by_who_pushes_as_post(sure):
    """With the status that says so."""
    with pytest.raises(WebhookRejected) as rejected:
        sure.provider.parse_dlr_get(QUERY)
    assert rejected.value.status == 405


def test_a_report_by_get_is_read(unsure):
    """As one that comes as a POST."""
    (found,) = unsure.provider.parse_dlr_get(QUERY)
    assert (found.wire_id, found.state) == ("m1-0", State.DELIVERED)
