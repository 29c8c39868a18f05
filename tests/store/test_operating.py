"""What operators decide: held texts, dead letters, and the record of who did what."""

from __future__ import annotations

from datetime import timedelta

from smsflow.sms.states import State
from smsflow.store.rows import Changes, Kind, NewRow, Verdict

ANN = "+12025550101"
BEN = "+12025550102"
MINUTE = timedelta(minutes=1)


def held(desk, phone=ANN, **changed):
    """A text that waits for an operator."""
    message = desk.queue(phone, **changed)
    desk.record(desk.lease()[0], Verdict.HOLD, detail="the answer never came")
    return message


def dead(desk, phone=ANN, text="hi"):
    """An event that failed three times."""
    desk.store.insert([desk.mo(phone, text)])
    row = desk.due(phone)[-1]
    for _ in range(3):
        desk.store.failed(row, "ZeroDivisionError: division by zero")
    return desk.store.dead_letters(10)[-1]


def deeds(desk):
    return [(each.who, each.what, each.about) for each in desk.store.actions(10)]


# --- held texts -----------------------------------------------------------------------------------


def test_a_held_text_is_told_with_its_reason(desk):
    """Since when is the time of its last try."""
    message = held(desk)
    (found,) = desk.store.held_texts(10)
    assert (found.message.id, found.since) == (message, desk.clock.now())
    assert (found.why, found.tries) == ("the answer never came", 0)


def test_a_released_text_is_tried_again_under_its_own_id(desk):
    """The provider drops a double; the window for tries begins anew."""
    message = held(desk)
    desk.clock.advance(25 * 60 * MINUTE)
    assert desk.store.release(message, desk.clock.now(), by="sam")
    assert desk.message(ANN, message).state is State.UNCERTAIN
    (leased,) = desk.lease()
    assert (leased.wire_id, leased.first_try_at) == (f"{message}-0", None)
    assert deeds(desk) == [("sam", "resend", message)]


def test_a_released_text_can_be_given_the_next_id(desk):
    """For a text that surely did not leave, or that has to leave whatever happened."""
    message = held(desk)
    assert desk.store.release(message, desk.clock.now(), by="sam", new_id=True)
    assert desk.lease()[0].wire_id == f"{message}-1"


def test_a_released_text_still_passes_the_gate(desk):
    """Who has opted out meanwhile gets no text, whatever an operator says."""
    message = held(desk)
    desk.opt_out(ANN)
    desk.store.release(message, desk.clock.now(), by="sam", new_id=True)
    assert desk.lease() == []
    assert desk.message(ANN, message).state is State.REFUSED


def test_a_text_closed_as_sent_is_unknown_and_told_to_its_flow(desk):
    """It is not tried again, and nobody waits for its report."""
    message = held(desk)
    assert desk.store.drop(message, desk.clock.now(), by="sam", sent=True)
    assert desk.message(ANN, message).state is State.UNKNOWN
    (event,) = desk.events(ANN, Kind.REPORT)
    assert (event.payload["message"], event.payload["state"]) == (message, "unknown")
    desk.clock.advance(MINUTE)
    assert desk.lease() == []
    assert deeds(desk) == [("sam", "drop", message)]


def test_a_text_closed_as_not_sent_is_rejected(desk):
    """A flow may answer that with a resend or a failover."""
    message = held(desk)
    assert desk.store.drop(message, desk.clock.now(), by="sam", sent=False)
    assert desk.message(ANN, message).final_at == desk.clock.now()
    assert desk.events(ANN, Kind.REPORT)[0].payload["state"] == "rejected"


def test_what_is_not_held_can_be_neither_released_nor_closed(desk):
    """A report may have come in the moment before, or a second operator; nothing is recorded."""
    message = desk.queue(ANN)
    now = desk.clock.now()
    assert not desk.store.release(message, now, by="sam")
    assert not desk.store.drop(message, now, by="sam", sent=True)
    assert not desk.store.release("nobody", now, by="sam")
    assert deeds(desk) == []


def test_of_two_operators_one_decides(desk, at_once):
    """Both press at the same moment; one is told that it is too late."""
    message = held(desk)
    now = desk.clock.now()
    done = at_once(2, lambda n: desk.store.drop(message, now, by=f"op{n}", sent=bool(n)))
    assert sorted(done) == [False, True]
    assert len(deeds(desk)) == 1


# --- dead letters ---------------------------------------------------------------------------------


def test_a_dead_letter_keeps_what_the_event_was(desk):
    """Its payload, its error, and when it was due."""
    due = desk.clock.now()
    letter = dead(desk)
    assert (letter.kind, letter.contact, letter.payload) == (Kind.MO, ANN, {"text": "hi"})
    assert (letter.due, letter.error) == (due, "ZeroDivisionError: division by zero")
    assert desk.store.letter(letter.id) == letter


def test_a_replayed_event_takes_its_old_place_in_the_order(desk):
    """Before what came later, with three tries of its own."""
    letter = dead(desk, text="first")
    desk.clock.advance(MINUTE)
    desk.store.insert([desk.mo(ANN, "second")])
    row = NewRow(letter.kind, letter.contact, letter.payload, letter.due)
    assert desk.store.replay(letter.id, [row], by="sam")
    assert [each.payload["text"] for each in desk.due(ANN)] == ["first", "second"]
    assert desk.due(ANN)[0].tries == 0
    assert desk.store.dead_letters(10) == []
    assert deeds(desk) == [("sam", "replay", str(letter.id))]


def test_a_push_that_came_by_another_way_is_not_doubled(desk):
    """The provider pushed again what could not be read, and that was read."""
    desk.store.dead_letter("mo-post:p", "{}", "cannot be read")
    desk.store.insert([desk.mo(ANN, dedupe="mo:p:1")])
    (letter,) = desk.store.dead_letters(10)
    assert desk.store.replay(letter.id, [desk.mo(ANN, dedupe="mo:p:1")], by="sam")
    assert len(desk.due(ANN)) == 1


def test_a_dead_letter_is_replayed_once(desk, at_once):
    """Two operators at the same moment make one event."""
    letter = dead(desk)
    row = NewRow(letter.kind, letter.contact, letter.payload, letter.due)
    done = at_once(2, lambda n: desk.store.replay(letter.id, [row], by=f"op{n}"))
    assert sorted(done) == [False, True]
    assert len(desk.due(ANN)) == 1


def test_a_dead_letter_can_be_deleted(desk):
    """The record says who did it, and holds nothing of its words."""
    letter = dead(desk, text="secret")
    assert desk.store.discard(letter.id, by="sam")
    assert not desk.store.discard(letter.id, by="sam")
    (action,) = desk.store.actions(10)
    assert (action.who, action.what, action.detail) == ("sam", "discard", "mo")


def test_what_an_audit_feeds_in_is_on_record(desk):
    """Each event with its message."""
    row = NewRow(Kind.DLR, BEN, {"wire_id": "m1-0", "state": "delivered"}, desk.clock.now())
    desk.store.feed([("m1", row)], by="sam")
    assert len(desk.events(BEN, Kind.DLR)) == 1
    assert deeds(desk) == [("sam", "repair", "m1")]


def test_an_event_that_left_the_inbox_has_no_dead_letter(desk):
    """Working it off is the ordinary end."""
    desk.store.insert([desk.mo(ANN)])
    desk.save(ANN, Changes(finished=[desk.due(ANN)[0].id]))
    assert desk.store.dead_letters(10) == []
