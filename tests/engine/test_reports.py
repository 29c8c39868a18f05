"""Delivery reports: what a flow hears of them, further tries, and that no chain doubles."""

from datetime import timedelta
from itertools import permutations

import pytest

from smsflow.sms.states import State
from tests.engine.conftest import PROJECT

FAILOVER = """
triggers: [{api: true}]
steps:
  - send: Your parcel is here.
    deliver: three
    on_delivered: {end: arrived}
    on_failed: {end: lost}
"""
QUESTION = """
triggers: [{api: true}]
steps:
  - ask: Coming?
    type: yesno
    deliver: POLICY
    timeout: 20h
    on_failed: {end: unreachable}
  - send: Thanks
"""


def question(policy: str) -> str:
    return QUESTION.replace("POLICY", policy)


# --- outcomes -------------------------------------------------------------------------------------

HANDLED = """
triggers: [{api: true}]
steps:
  - send: Hello
    report_within: 10m
    on_delivered: {end: delivered}
    on_undeliverable: {end: undeliverable}
    on_expired: {end: expired_text}
    on_rejected: {end: rejected}
    on_no_report: {end: no_report}
"""


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("delivered", "delivered"),
        ("undeliverable", "undeliverable"),
        ("expired", "expired_text"),
        ("rejected", "rejected"),
        ("refused", "rejected"),
        ("deleted", "rejected"),
        ("unknown", "no_report"),
    ],
)
def test_each_final_state_has_its_outcome(start, world, dlr, ended, status, outcome):
    world(HANDLED)
    start()
    dlr(status)
    assert ended() == [outcome]


@pytest.mark.parametrize("status", ["pending", "sent"])
def test_an_intermediate_report_is_no_outcome(start, world, dlr, clock, ended, status):
    world(HANDLED)
    start()
    dlr(status)
    assert ended() == [None]
    clock.passes("10m")
    assert ended() == ["no_report"]


@pytest.mark.parametrize("status", ["undeliverable", "expired", "rejected"])
def test_on_failed_stands_for_every_failure(start, world, dlr, ended, status):
    world(FAILOVER.replace("three", "normal"))
    start()
    dlr(status)
    assert ended() == ["lost"]


@pytest.mark.parametrize("flow", [question("fast"), FAILOVER.replace("three", "fast")])
def test_silence_of_the_network_is_no_failure(start, world, phone, clock, ended, flow):
    """Some networks never report: a question stays open, a text lets the flow go on."""
    world(flow)
    start()
    clock.passes("5m")
    phone.heard_via("main", "backup")
    assert ended() == ([None] if "ask" in flow else ["done"])


def test_a_text_without_handlers_waits_for_nothing(start, world, ended):
    world("triggers: [{api: true}]\nsteps: [{send: One}, {send: Two}]")
    start()
    assert ended() == ["done"]


def test_what_was_heard_can_be_read(start, world, dlr, phone):
    world("""
triggers: [{api: true}]
steps:
  - send: Hello
    on_failed: {send: "It was {{ last.delivery }}."}
""")
    start()
    dlr("expired")
    phone.heard("Hello", "It was expired.")


# --- order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order", sorted(set(permutations(["pending", "sent", "delivered", "delivered"])))
)
@pytest.mark.parametrize("flow", [HANDLED, question("careful")])
def test_every_order_of_the_reports_of_a_text_has_one_end(
    start, world, phone, dlr, clock, place, flow, order
):
    """Doubled, reordered, intermediate after final: the state and the session are the same."""
    world(flow)
    start()
    for status in order:
        dlr(status, of=1)
    (text,) = place.sim.sent
    assert text.state == "delivered"
    (session,) = place.sim.sessions.values()
    assert session.outcome == ("delivered" if flow == HANDLED else None)
    clock.passes("15h")
    phone.heard_via("main")


@pytest.mark.parametrize("order", list(permutations([("undeliverable", 1), ("delivered", 2)])))
def test_a_late_failure_of_a_replaced_text_is_no_news(
    start, world, phone, clock, dlr, ended, order
):
    """The first number was silent, the second took over; then both report, in either order."""
    world(FAILOVER)
    start()
    clock.passes("20s")
    for status, of in order:
        dlr(status, of=of)
    clock.passes("1d")
    phone.heard_via("main", "backup")
    assert ended() == ["arrived"]


@pytest.mark.parametrize("flow", [FAILOVER, question("three")])
def test_a_chain_that_arrived_is_never_sent_again(start, world, phone, clock, dlr, ended, flow):
    """The first text is late but arrives; that the second fails then means nothing."""
    world(flow)
    start()
    clock.passes("20s")
    dlr("delivered", of=1)
    dlr("undeliverable", of=2)
    clock.passes("1h")
    phone.heard_via("main", "backup")
    assert ended() == (["arrived"] if flow == FAILOVER else [None])


def test_a_plain_text_that_arrived_late_is_not_sent_a_third_time(start, world, phone, clock, dlr):
    """Nobody waits for it, and still the chain is over once one of it is delivered."""
    world("triggers: [{api: true}]\nsteps: [{send: Hello, deliver: three}]")
    start()
    clock.passes("20s")
    dlr("delivered", of=1)
    dlr("rejected", of=2)
    clock.passes("1h")
    phone.heard_via("main", "backup")


# --- failover and resend --------------------------------------------------------------------------


def test_failover_takes_the_numbers_in_order_and_then_gives_up(start, world, phone, dlr, ended):
    world(FAILOVER)
    start()
    for _ in range(3):
        dlr("undeliverable")
    phone.heard_via("main", "backup", "third")
    assert ended() == ["lost"]


def test_a_resend_comes_after_its_time_on_the_same_number(start, world, phone, clock, dlr, ended):
    world(question("careful"))
    start()
    dlr("expired")
    clock.passes("29m")
    phone.heard_via("main")
    clock.passes("1m")
    phone.heard_via("main")
    dlr("expired")
    assert ended() == ["unreachable"]


def test_a_late_delivery_cancels_the_resend_that_waits(start, world, phone, clock, dlr):
    world(question("careful"))
    start()
    clock.passes("2h")
    dlr("delivered")
    clock.passes("2h")
    phone.heard("Coming?")


def test_an_answer_ends_the_chain(start, world, phone, clock, dlr):
    """A reply counts as delivered: no resend that waits, no failover on a late report."""
    world(question("careful"))
    start()
    dlr("expired", of=1)
    phone.says("yes")
    clock.passes("1d")
    phone.heard("Coming?", "Thanks")


def test_a_failure_that_is_reported_after_the_answer_does_nothing(start, world, phone, dlr, ended):
    world(question("fast"))
    start()
    phone.says("yes")
    dlr("undeliverable", of=1)
    phone.heard("Coming?", "Thanks")
    assert ended() == ["done"]


def test_the_answer_may_come_to_any_number_that_asked(start, world, phone, clock):
    world(question("fast"))
    start()
    clock.passes("20s")
    phone.says("yes", to="main")
    phone.heard_via("main", "backup", "main")


def test_an_answer_to_a_number_that_never_asked_is_none(start, world, phone, ended):
    world(question("normal"))
    start()
    phone.says("yes", to="third")
    assert ended() == [None]


def test_a_timeout_takes_the_waiting_resend_with_it(start, world, phone, clock, dlr, ended):
    """Nobody listens to the question any more, so it does not go out."""
    world(question("careful").replace("20h", "20m"))
    start()
    dlr("expired")
    clock.passes("1h")
    phone.heard("Coming?")
    assert ended() == ["no_answer"]


def test_a_reminder_takes_the_waiting_resend_with_it(start, world, phone, clock, dlr):
    flow = question("careful").replace("timeout", "nudge: {after: 10m, times: 1}\n    timeout")
    world(flow)
    start()
    dlr("expired")
    clock.passes("10m")
    phone.says("yes")
    clock.passes("1h")
    phone.heard("Coming?", "Coming?", "Thanks")


def test_a_restart_takes_the_waiting_resend_with_it(start, world, phone, clock, dlr):
    world(question("careful"))
    start()
    dlr("expired")
    start()
    clock.passes("1h")
    phone.heard("Coming?", "Coming?")


def test_a_resend_after_stop_is_not_made(start, world, phone, clock, dlr, place):
    world(question("careful"))
    start()
    dlr("expired")
    phone.says("stop")
    clock.passes("1d")
    assert [each.effect.name for each in place.sim.sent] == [None, "compliance.stopped"]


def test_nothing_is_tried_after_stop(start, world, phone, dlr, place):
    world(FAILOVER)
    start()
    phone.says("stop")
    dlr("undeliverable", of=1)
    assert len(place.sim.sent) == 2


def test_an_open_question_ends_with_the_last_failure(start, world, dlr, ended):
    world(question("fast"))
    start()
    dlr("undeliverable")
    dlr("undeliverable")
    assert ended() == ["unreachable"]


def test_a_failure_that_nobody_handles_leaves_a_question_open(start, world, phone, dlr, ended):
    world("triggers: [{api: true}]\nsteps: [{ask: Coming?, type: yesno}, {send: Thanks}]")
    start()
    dlr("undeliverable")
    assert ended() == [None]
    phone.says("yes")
    phone.heard("Coming?", "Thanks")


def test_a_session_that_waits_for_a_report_that_never_comes_ends_with_its_lifetime(
    start, world, clock, ended
):
    """A text that an operator holds is neither accepted nor refused."""
    simulator = world("lifetime: 2d" + HANDLED)
    start()
    simulator._alarms = [each for each in simulator._alarms if not hasattr(each.event, "sent")]
    clock.passes("2d")
    assert ended() == ["expired"]


HELD = """
triggers: [{api: true}]
steps:
  - send: Your parcel is here.
    deliver: patient
    on_expired: {end: too_late}
    on_failed: {end: lost}
"""
PATIENT = PROJECT.replace("  careful:", "  patient: {via: [main], give_up: 6h}\n  careful:")


def test_a_text_that_could_not_leave_is_given_up_in_time(start, world, place):
    """A provider that is away for a day must not make yesterday's text arrive."""
    world(HELD, project=PATIENT)
    start()
    (text,) = place.sim.sent
    assert text.effect.expires == place.now + timedelta(hours=6)


def test_the_time_to_give_up_runs_from_the_end_of_the_quiet_hours(start, world, clock, phone):
    """A text that is held for eleven hours still has its six."""
    clock.shows("2025-03-10 21:30")
    world(HELD, project=PATIENT)
    start()
    clock.shows("2025-03-11 08:00")
    phone.heard("Your parcel is here.")


def test_a_resend_waits_for_the_end_of_the_quiet_hours(start, world, phone, clock, dlr):
    """Its half hour is over at 21:20, when nobody wants to be woken."""
    clock.shows("2025-03-10 20:50")
    world(FAILOVER.replace("three", "careful"))
    start()
    dlr("expired")
    clock.shows("2025-03-11 07:59")
    phone.heard("Your parcel is here.")
    clock.shows("2025-03-11 08:00")
    phone.heard("Your parcel is here.")


def test_a_failover_of_a_code_knows_no_quiet_hours(start, world, phone, clock, dlr):
    """Somebody waits for it with the phone in hand."""
    clock.shows("2025-03-10 22:00")
    world("kind: otp\ntriggers: [{api: true}]\nsteps: [{otp: 'Code {{ code }}', deliver: fast}]")
    start()
    dlr("rejected")
    phone.heard_via("main", "backup")


# --- a phone that is away -------------------------------------------------------------------------

AWAY = """
triggers: [{api: true}]
anytime:
  - event: hold
    then: [{ask: Really?, save: really}]
steps:
  - send: We are at your door.
    report_within: 1h
    save: text
    on_pending: [{send: 'Calling instead, for the text is {{ text.status }}.'}, {end: away}]
    on_delivered: {end: there}
    on_failed: {end: lost}
  - end: unsure
"""


def test_a_phone_that_is_away_is_an_outcome(world, start, dlr, phone, ended, trace):
    """An intermediate report; what the text comes to later moves nothing any more."""
    sim = world(AWAY)
    start()
    dlr("pending", error="EC_ABSENT_SUBSCRIBER")
    phone.heard("We are at your door.", "Calling instead, for the text is pending.")
    assert ended() == ["away"]
    assert trace("report") == ["pending: EC_ABSENT_SUBSCRIBER"]
    sim.report(sim.sent[0], State.DELIVERED)
    assert ended() == ["away"]


def test_without_a_handler_nobody_hears_of_it(world, start, dlr, ended, trace):
    """The step waits on for the final report, also when the operator has the text before."""
    world(AWAY.replace("on_pending", "on_expired"))
    start()
    dlr("pending")
    assert (ended(), trace("report")) == ([None], [])
    dlr("delivered")
    assert ended() == ["there"]
    world(AWAY)
    start()
    dlr("sent")
    dlr("pending")
    assert ended() == [None]


def test_a_final_report_comes_before_one_that_is_not(world, start, phone, place, dlr, ended):
    """While a handler runs, the wait is set aside; what came last before it goes on counts."""
    sim = world(AWAY)
    start()
    sim.event("hold", {"phone": place.contact.phone})
    dlr("pending", of=1)
    dlr("delivered", of=1)
    phone.says("yes")
    assert ended() == ["there"]


def test_another_try_may_be_away_too(world, start, dlr, ended):
    """By failover; a report on the first text does not count any more."""
    world(AWAY.replace("report_within: 1h", "deliver: three"))
    start()
    dlr("undeliverable")
    dlr("pending", of=1)
    assert ended() == [None]
    dlr("pending")
    assert ended() == ["away"]
