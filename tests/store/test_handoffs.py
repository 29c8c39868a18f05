"""Conversations that people hold, as both databases keep them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from smsflow.engine.effects import HandedOff, HandoffClosed, HandoffMoved
from smsflow.engine.model import Keep
from smsflow.store.rows import Changes, Handoff
from tests.store.conftest import Desk

PHONE = "+447700900123"


def opened(desk: Desk, handoff: str = "h1", queue: str = "desk", **also: Any) -> HandedOff:
    """Save a handoff."""
    effect = HandedOff(
        handoff=handoff, queue=queue, session="s1", flow="poll", step="x", number="main", note="n"
    )
    changes = Changes(handoffs=[(PHONE, effect)], **also)
    changes.sessions["s1"] = (PHONE, desk.session("s1"))
    desk.save(PHONE, changes)
    return effect


def moved(desk: Desk, *effects: Any) -> None:
    desk.save(PHONE, Changes(handoffs=[(PHONE, each) for each in effects]))


def found(desk: Desk, handoff: str = "h1") -> Handoff:
    known = desk.store.handoff(handoff)
    assert known is not None
    return known


def test_queues_are_read_oldest_first_and_without_what_is_closed(desk: Desk) -> None:
    opened(desk, "h1")
    desk.clock.advance(timedelta(seconds=60))
    opened(desk, "h2")
    opened(desk, "h3", "sales")
    assert [each.id for each in desk.store.handoffs("desk")] == ["h1", "h2"]
    assert [each.id for each in desk.store.handoffs()] == ["h1", "h2", "h3"]
    moved(desk, HandoffClosed("h1", "someone", "closed"))
    assert [each.id for each in desk.store.handoffs("desk")] == ["h2"]
    (over,) = desk.store.handoffs(state="closed")
    assert (over.id, over.by, over.reason, over.waits_since) == ("h1", "someone", "closed", None)
    assert over.closed_at == desk.clock.now()
    assert desk.store.handoff("h9") is None


def test_what_happens_in_one_batch_counts_in_its_order(desk: Desk) -> None:
    """Opened, answered and closed at once."""
    effect = HandedOff(
        handoff="h1", queue="desk", session="s1", flow="poll", step="x", number="main", note=""
    )
    moved(desk, effect, HandoffMoved("h1", None), HandoffClosed("h1", None, "timeout"))
    known = found(desk)
    assert (known.state, known.reason, known.by) == ("closed", "timeout", None)


def test_the_figures_tell_who_waits_longest(desk: Desk) -> None:
    health = desk.store.health(desk.clock.now())
    assert (health.handoffs, health.handoffs_age) == (0, 0.0)
    opened(desk)
    desk.clock.advance(timedelta(seconds=90))
    health = desk.store.health(desk.clock.now())
    assert (health.handoffs, health.handoffs_age) == (1, 90.0)
    moved(desk, HandoffMoved("h1", None))
    health = desk.store.health(desk.clock.now())
    assert (health.handoffs, health.handoffs_age) == (1, 0.0)


def test_both_sides_are_read_in_order(desk: Desk) -> None:
    """From the beginning of the session to the end of the handoff, on its number alone."""
    desk.queue(PHONE, "earlier", session="s0", step="x")
    desk.clock.advance(timedelta(seconds=60))
    at = desk.clock.now
    texts = [(PHONE, desk.text("m1", session="s1", flow="poll", step="x", text="One moment."))]
    opened(desk, texts=texts)
    desk.clock.advance(timedelta(seconds=1))
    desk.save(PHONE, Changes(received=[(PHONE, "main", "hello?", at()), (PHONE, "b", "no", at())]))
    desk.clock.advance(timedelta(seconds=1))
    desk.queue(PHONE, "m2", session="s1", flow="poll", text="Here I am.")
    desk.clock.advance(timedelta(seconds=1))
    moved(desk, HandoffClosed("h1", "x", "closed"))
    desk.clock.advance(timedelta(seconds=1))
    desk.queue(PHONE, "later", session="s1", step="y")
    said = desk.store.said_in(found(desk))
    assert [(each.by, each.text, each.message) for each in said] == [
        ("flow", "One moment.", "m1"),
        ("contact", "hello?", None),
        ("person", "Here I am.", "m2"),
    ]


def test_what_is_over_goes_with_its_session_and_with_the_person(desk: Desk) -> None:
    opened(desk, "h1")
    opened(desk, "h2")
    moved(desk, HandoffClosed("h1", None, "timeout"))
    desk.clock.advance(timedelta(days=500))
    desk.store.tidy(desk.clock.now(), Keep())
    assert [desk.store.handoff(each) is None for each in ("h1", "h2")] == [True, False]
    assert desk.store.erase(PHONE, by="me", now=desk.clock.now()).rows["handoffs"] == 1
    assert desk.store.handoff("h2") is None
