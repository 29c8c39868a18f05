"""The network as a state machine: fates, reports, pushes, retries, memory."""

from __future__ import annotations

from datetime import timedelta

import pytest

from smsflow.sandbox import fates
from smsflow.sandbox.faults import Faults, Trouble
from smsflow.sandbox.logs import LogQuery
from smsflow.sandbox.records import Pending, Route

URL = "http://client.example/dlr"
PHONE = "41793026727"


def test_a_text_is_enroute_first_and_delivered_after_its_delay(world):
    """The default fate: on the handset 0.05 s after the request."""
    answer = world.send("+41793026727", notify_url=URL)
    assert (answer.entries[0].to, answer.entries[0].status.id) == (PHONE, 7)
    assert world.after(seconds=0.049) == []
    pushes = world.after(seconds=0.001)
    assert world.statuses(pushes) == ["DELIVERED_TO_HANDSET"]
    assert [talk.text.order.text for talk in world.network.talk(PHONE)] == ["Hello"]


@pytest.mark.parametrize(
    ("fate", "status", "error"),
    [
        (fates.undeliverable(1), "UNDELIVERABLE_NOT_DELIVERED", "EC_UNKNOWN_SUBSCRIBER"),
        (fates.rejected(1), "UNDELIVERABLE_REJECTED_OPERATOR", "EC_CALL_BARRED"),
        (fates.expired(1), "EXPIRED_EXPIRED", "EC_VALIDITYEXPIRED"),
        (fates.script([(1, 29, 2048)]), "EXPIRED_DLR_UNKNOWN", "EC_TIME_OUT"),
    ],
)
def test_a_fate_is_what_the_report_says(world, fate, status, error):
    """A scripted end comes with its error, and never reaches the handset."""
    world.network.script(PHONE, fate)
    world.send(PHONE, notify_url=URL)
    (push,) = world.after(seconds=1)
    (report,) = push.reports
    assert (report.status.name, report.error.name) == (status, error)
    assert world.network.talk(PHONE) == []
    assert world.network.next_due() is None


def test_fates_in_the_queue_are_used_up_in_turn_then_the_standing_one_holds(world):
    """The next text gets the next fate."""
    world.network.script(
        PHONE, fates.delivered(), [fates.refused("REJECTED_DND"), fates.undeliverable()]
    )
    assert world.send(PHONE, notify_url=URL).entries[0].status.id == 10
    world.send(PHONE, notify_url=URL)
    assert world.statuses(world.after(seconds=1)) == ["UNDELIVERABLE_NOT_DELIVERED"]
    world.send(PHONE, notify_url=URL)
    assert world.statuses(world.after(seconds=1)) == ["DELIVERED_TO_HANDSET"]


def test_every_number_without_a_fate_has_the_common_one(world):
    """A fate for all, until a reset."""
    world.network.script_all(fates.refused(20))
    assert world.send("4915112345678").entries[0].status.name == "REJECTED_FLOODING_FILTER"
    world.network.reset()
    assert world.send("4915112345678").entries[0].status.name == "PENDING_ENROUTE"


def test_a_silent_handset_is_never_heard_of(world):
    """No report, not even expiry, and the log stays at the first status."""
    world.network.script(PHONE, fates.silent())
    world.send(PHONE, notify_url=URL)
    assert world.after(hours=47) == []
    (message,) = world.network.logs(LogQuery(), world.clock.now())
    assert message.status.name == "PENDING_ENROUTE"


def test_intermediate_delivery_reports_tell_that_the_handset_is_absent(world):
    """Pushed at a GSM error that is not permanent, where it was asked for, then the final one."""
    world.network.script(PHONE, fates.absent(60))
    world.send(PHONE, notify_url=URL, intermediate=True)
    (push,) = world.after(seconds=1)
    (report,) = push.reports
    assert (report.status.id, report.error.id) == (3, 27)
    assert world.statuses(world.after(seconds=59)) == ["DELIVERED_TO_HANDSET"]


def test_no_intermediate_report_is_told_unless_asked_for(world):
    """Without intermediateReport only the final report comes."""
    world.network.script(PHONE, fates.absent(60))
    world.send(PHONE, notify_url=URL)
    assert world.after(seconds=59) == []
    assert world.statuses(world.after(seconds=1)) == ["DELIVERED_TO_HANDSET"]


def test_a_permanent_error_has_no_intermediate_report(world):
    """Only errors that may pass are told on the way."""
    steps = [(2, "EXPIRED_EXPIRED", 0), (1, "PENDING_WAITING_DELIVERY", "EC_UNKNOWN_SUBSCRIBER")]
    world.network.script(PHONE, fates.script(steps))
    world.send(PHONE, notify_url=URL, intermediate=True)
    assert world.after(seconds=1) == []
    assert world.statuses(world.after(seconds=1)) == ["EXPIRED_EXPIRED"]


def test_steps_happen_in_the_order_of_their_times(world):
    """However a script lists them."""
    world.network.script(PHONE, fates.script([(2, 5, 0), (1, 2, 0)]))
    world.send(PHONE, notify_url=URL)
    (push,) = world.after(seconds=3)
    assert [report.status.id for report in push.reports] == [2, 5]


def test_an_intermediate_report_can_not_be_pulled(world):
    """Intermediate reports exist on the notify URL alone."""
    world.network.script(PHONE, fates.absent(60))
    world.send(PHONE, intermediate=True)
    world.after(seconds=1)
    assert world.network.reports() == []


@pytest.mark.parametrize("seconds", [None, 300, 3600])
def test_a_handset_absent_beyond_the_validity_period_lets_the_text_expire(world, seconds):
    """Expiry comes exactly at the end of the validity period, and nothing after it."""
    world.network.script(PHONE, fates.absent(seconds))
    world.send(PHONE, notify_url=URL, validity=timedelta(minutes=5))
    start = world.clock.now()
    assert world.after(minutes=4) == []
    (push,) = world.after(hours=9)
    (report,) = push.reports
    assert (report.status.name, report.error.name) == ("EXPIRED_EXPIRED", "EC_VALIDITYEXPIRED")
    assert report.done_at == start + timedelta(minutes=5)
    assert world.network.next_due() is None


def test_an_operator_reports_first_and_the_handset_may_follow(world):
    """DELIVERED_TO_OPERATOR is told although it is not the end."""
    world.network.script(PHONE, fates.operator(10))
    world.send(PHONE, notify_url=URL)
    assert world.statuses(world.after(seconds=1)) == ["DELIVERED_TO_OPERATOR"]
    assert world.network.talk(PHONE) == []
    assert world.statuses(world.after(seconds=9)) == ["DELIVERED_TO_HANDSET"]


def test_a_scheduled_text_goes_out_at_its_time(world):
    """The delay and the validity period count from sendAt."""
    send_at = world.clock.now() + timedelta(hours=1)
    world.send(PHONE, notify_url=URL, send_at=send_at)
    assert world.after(minutes=59) == []
    (push,) = world.after(minutes=2)
    assert push.reports[0].message.sent_at == send_at
    assert push.reports[0].done_at == send_at + timedelta(seconds=0.05)


def test_a_message_id_that_was_seen_is_refused_and_the_first_text_stands(world):
    """Id 23 for every repetition, whatever it says; the handset gets one text."""
    world.send(PHONE, ids=("mine",))
    again = world.send("41793026731", ids=("mine",), text="Another")
    assert (again.entries[0].status.id, again.entries[0].message_id) == (23, "mine")
    world.after(seconds=1)
    assert len(world.network.talk(PHONE)) == 1
    assert world.network.talk("41793026731") == []
    assert [message.tries for message in world.network.messages()] == [2]


def test_a_refused_text_uses_its_message_id_up(world):
    """The logs know the refusal, and the same id is a duplicate."""
    world.network.script(PHONE, None, [fates.refused("REJECTED_NOT_ENOUGH_CREDITS")])
    assert world.send(PHONE, ids=("mine",)).entries[0].status.id == 12
    assert world.send(PHONE, ids=("mine",)).entries[0].status.id == 23
    (message,) = world.network.logs(LogQuery(message_ids=("mine",)), world.clock.now())
    assert message.status.id == 12


def test_delivery_reports_can_only_be_retrieved_one_time(world):
    """Each report is handed out once, oldest first, by bulk, by message, up to a limit."""
    world.send(
        "41790000001",
        "41790000002",
        "41790000003",
        "41790000004",
        ids=("a", "b", "c", "e"),
        bulk="one",
    )
    world.send("41790000004", ids=("d",), bulk="two")
    world.after(seconds=1)
    names = [report.message.message_id for report in world.network.reports(message_id="c")]
    assert names == ["c"]
    assert [r.message.message_id for r in world.network.reports(limit=1)] == ["a"]
    assert [r.message.message_id for r in world.network.reports(bulk_id="two")] == ["d"]
    assert [r.message.message_id for r in world.network.reports()] == ["b", "e"]
    assert world.network.reports() == []


def test_a_pushed_report_can_not_be_pulled(world):
    """A notify URL takes the report, even when pushing failed; the logs still have it."""
    world.send(PHONE, notify_url=URL)
    (push,) = world.after(seconds=1)
    world.network.pushed(push, False, world.clock.now())
    assert world.network.reports() == []


def test_reports_to_one_url_share_a_push_of_at_most_100(world):
    """250 reports that are due together are three pushes; another URL has its own."""
    world.send(*(f"4179{n:07d}" for n in range(250)), notify_url=URL)
    world.send(PHONE, notify_url="http://client.example/other")
    sizes = [(push.url, len(push.reports)) for push in world.after(seconds=1)]
    assert sizes == [(URL, 100), (URL, 100), (URL, 50), ("http://client.example/other", 1)]


def test_delivery_report_push_retry_cycle(world):
    """1 min + 1 min x n x n for n = 0 to 19, 41:30 h in all, then only the logs have it."""
    world.send(PHONE, notify_url=URL)
    (push,) = world.after(seconds=0.05)
    first = world.clock.now()
    waits = []
    while push:
        before = world.clock.now()
        world.network.pushed(push, False, before)
        due = world.network.next_due()
        if due is None:
            break
        assert world.network.due(due - timedelta(microseconds=1)) == []
        world.clock.moment = due
        (push,) = world.network.due(due)
        waits.append((due - before).total_seconds() / 60)
    assert waits[:7] == [1, 2, 5, 10, 17, 26, 37]
    assert len(waits) == 20
    assert world.clock.now() - first == timedelta(hours=41, minutes=30)
    (message,) = world.network.logs(LogQuery(), world.clock.now())
    assert message.status.name == "DELIVERED_TO_HANDSET"


def test_a_push_that_succeeds_at_last_ends_its_cycle(world):
    """A 2xx ends it, and the retry carries the same reports."""
    world.send(PHONE, notify_url=URL)
    (push,) = world.after(seconds=1)
    world.network.pushed(push, False, world.clock.now())
    (again,) = world.after(minutes=1)
    assert (again.reports, again.attempt) == (push.reports, 1)
    world.network.pushed(again, True, world.clock.now())
    assert world.network.pending() == Pending(0, 0, None)


def test_logs_are_repeatable_and_end_after_48_hours(world):
    """What is older is forgotten: the log, the pulled report, the handset's memory, the id."""
    world.send(PHONE, ids=("mine",))
    world.after(seconds=1)
    world.network.receive(PHONE, "385916242493", "hi", world.clock.now())
    for _ in range(2):
        assert len(world.network.logs(LogQuery(), world.clock.now())) == 1
    world.clock.advance(hours=48, seconds=1)
    assert world.network.logs(LogQuery(), world.clock.now()) == []
    world.clock.advance(seconds=1)
    assert world.send("41793026731", ids=("mine",)).entries[0].status.id == 7
    assert world.network.reports() == []
    assert world.network.inbox() == ([], 0)
    assert world.network.talk(PHONE) == []


def test_a_text_scheduled_for_next_week_is_not_forgotten_before_it_went_out(world):
    """48 hours count from the sending."""
    world.send(PHONE, send_at=world.clock.now() + timedelta(days=7))
    world.clock.advance(days=6)
    world.send("41793026731")
    world.clock.advance(days=1, seconds=1)
    world.network.due(world.clock.now())
    assert [talk.text.order.text for talk in world.network.talk(PHONE)] == ["Hello"]
    assert len(world.network.logs(LogQuery(to=PHONE), world.clock.now())) == 1


def test_a_text_from_a_handset_waits_to_be_pulled_once(world):
    """Without a route it is in the inbox, each handed out once, and the rest is counted."""
    for text in ("one", "two"):
        world.network.receive("+" + PHONE, "385916242493", text, world.clock.now())
    received, left = world.network.inbox(limit=1)
    assert ([each.text for each in received], left) == (["one"], 1)
    assert [each.text for each in world.network.inbox()[0]] == ["two"]
    assert world.network.inbox() == ([], 0)


def test_a_text_from_a_handset_is_pushed_and_retried_like_a_report(world):
    """The retry cycle holds for MO too."""
    world.network.route("+385916242493", Route("http://client.example/mo?what=%text%"))
    world.network.receive(PHONE, "385916242493", "a b", world.clock.now())
    (push,) = world.after()
    assert (push.method, push.url) == ("GET", "http://client.example/mo?what=a%20b")
    world.network.pushed(push, False, world.clock.now())
    assert [again.url for again in world.after(minutes=1)] == [push.url]
    assert world.network.inbox() == ([], 0)


def test_what_is_pending_is_counted_until_all_is_quiet(world):
    """Deliveries to come, pushes to come and under way."""
    world.send(PHONE, notify_url=URL)
    assert (world.network.pending().deliveries, world.network.pending().pushes) == (1, 0)
    (push,) = world.after(seconds=1)
    assert (world.network.pending().deliveries, world.network.pending().pushes) == (0, 1)
    world.network.pushed(push, False, world.clock.now())
    assert world.network.pending().pushes == 1
    (push,) = world.after(minutes=1)
    world.network.pushed(push, True, world.clock.now())
    assert (world.network.pending().pushes, world.network.pending().next_due) == (0, None)


def test_a_push_that_ends_after_a_reset_changes_nothing(world):
    """A reset forgets pushes under way."""
    world.send(PHONE, notify_url=URL)
    (push,) = world.after(seconds=1)
    world.network.reset()
    world.network.pushed(push, False, world.clock.now())
    assert world.network.next_due() is None
    assert world.network.messages() == []


def test_reports_are_doubled_on_purpose(world):
    """The fault `double` tells every report twice, pushed and pulled."""
    world.network.faults = Faults(double=True)
    world.send(PHONE, notify_url=URL)
    world.send(PHONE)
    assert len(world.statuses(world.after(seconds=1))) == 2
    assert len(world.network.reports()) == 2


def test_reports_are_reordered_on_purpose(world):
    """The fault `reorder` lets a final report overtake the intermediate one."""
    world.network.faults = Faults(reorder=100)
    world.network.script(PHONE, fates.absent(60))
    world.send(PHONE, notify_url=URL, intermediate=True)
    assert world.statuses(world.after(seconds=60)) == ["DELIVERED_TO_HANDSET"]
    assert world.statuses(world.after(seconds=60)) == ["PENDING_WAITING_DELIVERY"]


def test_a_report_can_be_due_before_the_answer(world):
    """The fault `reportFirst` hands the pushes out with the answer, once."""
    world.network.faults = Faults({"reportFirst": Trouble(times=1)})
    first = world.send(PHONE, notify_url=URL).first
    assert world.statuses(list(first)) == ["DELIVERED_TO_HANDSET"]
    assert world.send(PHONE, notify_url=URL).first == ()


def test_a_jump_of_the_clock_keeps_the_order_and_the_times_of_what_happened(world):
    """Done times are those of the script, however late somebody asks."""
    world.network.script(PHONE, fates.operator(10))
    world.send(PHONE, notify_url=URL)
    start = world.clock.now()
    (push,) = world.after(hours=1)
    assert [(r.status.id, (r.done_at - start).total_seconds()) for r in push.reports] == [
        (2, 0.05),
        (5, 10),
    ]


def test_a_push_that_succeeded_wakes_nobody(world):
    """Nothing new is due; after a failure something is."""
    woken = []
    world.network.listen(lambda: woken.append(True))
    world.send(PHONE, notify_url=URL)
    (push,) = world.after(seconds=1)
    before = len(woken)
    world.network.pushed(push, True, world.clock.now())
    assert len(woken) == before
    world.send(PHONE, notify_url=URL)
    (push,) = world.after(seconds=1)
    before = len(woken)
    world.network.pushed(push, False, world.clock.now())
    assert len(woken) == before + 1
