"""The claim: who gets which text, when, and what the gate in it turns away."""

from __future__ import annotations

from datetime import timedelta

from smsflow.engine.state import Contact, Plan
from smsflow.sms.states import State
from smsflow.store.rows import Changes, Kind, SenderQuota, Verdict

ANN = "+12025550101"
BEN = "+12025550102"
CEM = "+12025550103"
MINUTE = timedelta(minutes=1)


def claimed(desk, **how) -> list[str]:
    """The messages that a claim gets."""
    return [each.message for each in desk.lease(**how)]


def test_a_leased_text_is_complete(desk):
    """A sender gets all that a request needs."""
    desk.queue(ANN, "m1", text="Hello", expires=desk.clock.now() + MINUTE)
    (leased,) = desk.lease()
    assert (leased.wire_id, leased.to, leased.number) == ("m1-0", ANN, "main")
    assert (leased.text, leased.tries, leased.first_try_at) == ("Hello", 0, None)
    assert leased.expires == desk.clock.now() + MINUTE


def test_a_leased_text_is_nobody_elses(desk):
    """A second claim gets nothing while the lease lives."""
    desk.queue(ANN)
    assert len(desk.lease()) == 1
    assert desk.lease() == []


def test_eight_senders_share_texts_without_overlap(desk, at_once):
    """Every text is leased once, whoever asks at the same time."""
    changes = Changes(texts=[(f"+1202555{n:04}", desk.text()) for n in range(200)])
    desk.save(ANN, changes)

    def drain(_: int) -> list[str]:
        taken: list[str] = []
        while leased := desk.lease(7):
            taken += [each.message for each in leased]
        return taken

    taken = [message for each in at_once(8, drain) for message in each]
    assert len(taken) == len(set(taken)) == 200


def test_a_lease_that_ran_out_is_held_where_a_try_cannot_be_repeated(desk):
    """The provider knows no ids of ours: a person has to decide, and what never left goes on."""
    desk.queue(ANN, "m1")
    desk.queue(BEN, "m2")
    assert desk.lease(1, seconds=0, repeatable=False)
    desk.clock.advance(MINUTE)
    assert claimed(desk, repeatable=False) == ["m2"]
    held = desk.message(ANN, "m1")
    assert (held.state, held.error) == (State.HELD, "its sender ended before there was an answer")
    assert [each.id for each in desk.store.held(10)] == ["m1"]
    desk.clock.advance(MINUTE)
    assert claimed(desk, repeatable=True) == []


def test_a_lease_that_ran_out_counts_as_a_try_that_may_be_out(desk):
    """The next claim knows of it, and the message is uncertain under the same wire id."""
    desk.queue(ANN, "m1")
    first_try = desk.clock.now()
    (first,) = desk.lease(seconds=0)
    desk.clock.advance(MINUTE)
    (second,) = desk.lease()
    assert second.token != first.token
    assert (second.wire_id, second.tries, second.first_try_at) == ("m1-0", 1, first_try)
    assert desk.message(ANN, "m1").state is State.UNCERTAIN


def test_a_renewed_lease_goes_on(desk):
    """A heartbeat keeps the text; without a row under the token it says so."""
    desk.queue(ANN)
    (leased,) = desk.lease(seconds=0)
    assert desk.store.renew(leased.token, 10.0)
    assert desk.lease() == []
    assert not desk.store.renew("nobody's", 10.0)


def test_a_text_waits_for_its_time_and_number(desk):
    """Only what is due, on the numbers that were asked for."""
    desk.queue(ANN, "later", due=desk.clock.now() + MINUTE)
    desk.queue(BEN, "now")
    quota = SenderQuota(10, None)
    assert desk.store.lease(["spare"], quota, provider="p", now=desk.clock.now()) == []
    assert claimed(desk) == ["now"]
    desk.clock.advance(MINUTE)
    assert claimed(desk) == ["later"]


def test_codes_go_first_and_marketing_last(desk):
    """Whatever was queued first; among equals it is the first that was due."""
    for n, kind in enumerate(("marketing", "transactional", "system", "otp", "otp")):
        desk.queue(f"+1202555000{n}", f"{kind}{n}", kind=kind)
    assert claimed(desk) == ["otp3", "otp4", "system2", "transactional1", "marketing0"]


def test_a_claim_has_at_most_its_quota(desk):
    """The most urgent texts fill it."""
    desk.queue(ANN, "ad", kind="marketing")
    desk.queue(BEN, "b")
    desk.queue(CEM, "c")
    assert claimed(desk, rows=2) == ["b", "c"]


# --- order of one contact's texts -----------------------------------------------------------------


def test_texts_of_a_contact_leave_one_by_one(desk):
    """The second waits until the first was accepted."""
    desk.queue(ANN, "first")
    desk.queue(ANN, "second")
    desk.queue(BEN, "other")
    leased = desk.lease()
    assert [each.message for each in leased] == ["first", "other"]
    assert desk.lease() == []
    desk.record(leased[0], Verdict.ACCEPTED)
    assert claimed(desk) == ["second"]


def test_a_text_waits_for_an_earlier_one_that_is_tried_again(desk):
    """Also for one that is more urgent than the one before it."""
    desk.queue(ANN, "first", kind="marketing")
    desk.queue(ANN, "second")
    (first,) = desk.lease()
    desk.record(first, Verdict.NOT_SENT, retry_at=desk.clock.now() + MINUTE)
    assert desk.lease() == []
    desk.clock.advance(MINUTE)
    assert claimed(desk) == ["first"]


def test_a_text_planned_for_later_holds_up_nothing(desk):
    """A reminder for tomorrow does not stop today's answer."""
    desk.queue(ANN, "tomorrow", due=desk.clock.now() + MINUTE)
    desk.queue(ANN, "today")
    assert claimed(desk) == ["today"]


def test_clocks_that_differ_by_seconds_change_no_order(desk):
    """The first was made by a worker whose clock is ahead of that of the sender."""
    desk.queue(ANN, "first", due=desk.clock.now() + timedelta(seconds=4))
    desk.queue(ANN, "second")
    assert claimed(desk) == []
    desk.clock.advance(timedelta(seconds=4))
    assert claimed(desk) == ["first"]


def test_a_code_waits_for_nothing_and_holds_up_nothing(desk):
    """Nor does the confirmation of STOP."""
    desk.queue(ANN, "code", kind="otp")
    desk.queue(ANN, "text")
    desk.queue(ANN, "code2", kind="otp")
    desk.queue(ANN, "bye", kind="system", passes_block=True)
    assert claimed(desk) == ["code", "code2", "bye", "text"]


def test_a_held_text_holds_up_nothing(desk):
    """An operator may take days to decide; the contact's next texts don't wait for that."""
    desk.queue(ANN, "first")
    (first,) = desk.lease()
    desk.queue(ANN, "second")
    desk.record(first, Verdict.HOLD)
    assert claimed(desk) == ["second"]


# --- the gate -------------------------------------------------------------------------------------


def test_an_opted_out_contact_gets_nothing(desk):
    """The text is refused at the claim, its session hears of it, the confirmation passes."""
    desk.queue(ANN, "m1")
    desk.queue(ANN, "bye", passes_block=True)
    desk.opt_out(ANN)
    assert claimed(desk) == ["bye"]
    refused = desk.message(ANN, "m1")
    assert (refused.state, refused.error) == (State.REFUSED, "opted out")
    (report,) = desk.events(ANN, Kind.REPORT)
    assert report.payload == {"message": "m1", "state": "refused", "error": "opted out"}


def test_a_text_past_its_time_is_not_sent(desk):
    """It expires at the claim, and its session hears of it."""
    desk.queue(ANN, "m1", expires=desk.clock.now() + MINUTE)
    desk.clock.advance(MINUTE)
    assert desk.lease() == []
    assert desk.message(ANN, "m1").state is State.EXPIRED
    (report,) = desk.events(ANN, Kind.REPORT)
    assert report.payload["state"] == "expired"


def test_the_gate_holds_a_text_that_may_be_out(desk):
    """It is not sent again, and its report, if one comes, still counts."""
    desk.queue(ANN, "m1", expires=desk.clock.now() + MINUTE)
    desk.lease(seconds=0)
    desk.clock.advance(MINUTE)
    assert desk.lease() == []
    assert desk.message(ANN, "m1").state is State.HELD
    assert [each.id for each in desk.store.held(9)] == ["m1"]
    assert desk.events(ANN, Kind.REPORT) == []


def test_refused_texts_do_not_use_up_a_claim(desk):
    """Behind a crowd of opted-out contacts the others' texts are still found."""
    phones = [f"+1202555{n:04}" for n in range(12)]
    changes = Changes(
        contacts={phone: Contact(phone, opted_out=True) for phone in phones},
        texts=[(phone, desk.text()) for phone in phones],
    )
    desk.save(ANN, changes)
    desk.queue(ANN, "m")
    assert claimed(desk, rows=5) == ["m"]


# --- the rate -------------------------------------------------------------------------------------


def test_a_claim_takes_no_more_segments_than_the_bucket_holds(desk):
    """A burst of one second, then nothing until it fills by the database's clock."""
    changes = Changes(texts=[(f"+1202555{n:04}", desk.text(text="x" * 200)) for n in range(9)])
    desk.save(ANN, changes)
    assert len(desk.lease(rate=4.0)) == 2
    assert desk.lease(rate=0.001) == []
    assert len(desk.lease(rate=None)) == 7


def test_a_full_bucket_lets_a_long_text_through(desk):
    """A text of more segments than a second's rate is not stuck for ever, and leaves a debt."""
    desk.queue(ANN, "long", text="x" * 400)
    desk.queue(BEN, "next")
    assert claimed(desk, rate=1.0) == ["long"]
    assert desk.lease(rate=1.0) == []


def test_each_provider_has_a_bucket_of_its_own(desk):
    """An empty one stops nobody else."""
    desk.queue(ANN)
    desk.queue(BEN)
    quota, now = SenderQuota(5, 0.5), desk.clock.now()
    assert len(desk.store.lease(["main"], quota, provider="p", now=now)) == 1
    assert desk.store.lease(["main"], quota, provider="p", now=now) == []
    assert len(desk.store.lease(["main"], quota, provider="q", now=now)) == 1


def test_a_refused_text_costs_no_segments(desk):
    """The rate is kept for what leaves."""
    desk.queue(ANN)
    desk.queue(BEN, "m")
    desk.opt_out(ANN)
    assert claimed(desk, rate=1.0) == ["m"]


# --- what is due ----------------------------------------------------------------------------------


def test_numbers_with_claimable_texts_are_due(desk):
    """A number whose texts are leased, blocked, held or planned is not."""
    now = desk.clock.now()
    assert desk.store.due_numbers(now, ["main", "spare"]) == []
    desk.queue(ANN)
    desk.queue(ANN)
    desk.queue(BEN, due=now + MINUTE)
    assert desk.store.due_numbers(now, ["main", "spare"]) == ["main"]
    (leased,) = desk.lease()
    assert desk.store.due_numbers(now, ["main", "spare"]) == []
    desk.record(leased, Verdict.ACCEPTED)
    assert desk.store.due_numbers(now, ["main", "spare"]) == ["main"]


def test_texts_of_a_number_that_is_gone_are_refused_and_hold_up_nothing(desk):
    """Nobody can claim them, and their sessions hear of it as of any refusal."""
    stray = desk.queue("+447700900123", plan=Plan(via=("old",)))
    later = desk.queue("+447700900123")
    now = desk.clock.now()
    assert desk.lease() == []
    assert desk.store.refuse_strays(["main"], now - timedelta(minutes=1), now) == 0
    desk.clock.advance(timedelta(minutes=2))
    assert desk.store.refuse_strays(["main"], now, desk.clock.now()) == 1
    refused = desk.message("+447700900123", stray)
    assert (refused.state, refused.error) == (State.REFUSED, "smsflow.yaml has no number 'old'")
    (told,) = desk.events("+447700900123", Kind.REPORT)
    assert told.payload["message"] == stray
    assert [each.message for each in desk.lease()] == [later]


def test_a_stray_that_may_be_out_is_held(desk):
    """Its number was removed while a try of it was open."""
    text = desk.queue("+447700900123")
    desk.lease(seconds=0)
    now = desk.clock.now()
    assert desk.store.refuse_strays(["other"], now, now) == 1
    assert desk.message("+447700900123", text).state is State.HELD
