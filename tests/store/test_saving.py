"""A batch: what it loads, and that what it writes is whole or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from smsflow.engine.effects import (
    ConsentChanged,
    DropQueued,
    RequestAnswered,
    SendAgain,
    SetTimer,
    Traced,
)
from smsflow.engine.state import Contact, Plan, Waiting
from smsflow.errors import Place
from smsflow.sms.messages import Received
from smsflow.sms.states import State
from smsflow.store.rows import Changes, Kind, MovedForward, Verdict

ANN = "+12025550101"
BEN = "+12025550102"
MINUTE = timedelta(minutes=1)


def everything(desk) -> Changes:
    """Changes of every kind, with one text."""
    session = desk.session("s1", waiting=Waiting("ask", 3, "reply"))
    return Changes(
        contacts={ANN: Contact(ANN, language="de", fields={"since": desk.clock.now()})},
        sessions={"s1": (ANN, session)},
        texts=[(ANN, desk.text("m1", session="s1", flow="poll", step="ask", text="ж" * 80))],
        timers=[(ANN, SetTimer("s1", 3, "timeout", desk.clock.now() + MINUTE))],
        consent=[(ANN, ConsentChanged(False, "START", "main"))],
        answered=[RequestAnswered("r1", {"session": "s1"})],
        traced=[(ANN, Traced("s1", "ask", "send", "Hello", Place("poll.yaml", 3, 5)))],
        received=[(ANN, "main", "START", desk.clock.now())],
        finished=[row.id for row in desk.due(ANN)],
    )


def test_all_changes_of_a_batch_are_written(desk):
    """Each kind of change can be read back."""
    desk.store.insert([desk.mo(ANN)])
    changes = everything(desk)
    desk.save(ANN, changes)

    with desk.store.work(desk.clock.now(), 9) as batch:
        assert batch.rows == []
        conversation = batch.conversations([ANN])[ANN]
        message = batch.messages(["m1", "nobody"])["m1"]
    assert conversation.contact == changes.contacts[ANN]
    assert conversation.sessions == [changes.sessions["s1"][1]]
    assert (message.root, message.session, message.step) == ("m1", "s1", "ask")
    assert (message.state, message.segments, message.number) == (State.QUEUED, 2, "main")
    assert message.made_at == desk.clock.now()
    assert desk.store.session("s1") == (ANN, conversation.sessions[0])
    assert desk.store.request_result("r1") == {"session": "s1"}
    assert desk.store.received_of(ANN) == [Received(ANN, "main", "START", None, desk.clock.now())]
    (line,) = desk.store.trace("s1")
    assert (line.what, line.detail, line.place) == ("send", "Hello", Place("poll.yaml", 3, 5))
    desk.clock.advance(MINUTE)
    (timer,) = desk.events(ANN, Kind.TIMER)
    assert timer.payload == {"session": "s1", "serial": 3, "name": "timeout"}


def test_a_batch_that_raises_leaves_nothing_behind(desk):
    """An error at the very end of the block takes everything back."""
    desk.store.insert([desk.mo(ANN)])
    before = desk.store.counts()
    changes = everything(desk)

    def work_and_crash() -> None:
        with desk.store.work(desk.clock.now(), 9) as batch:
            batch.save(changes)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        work_and_crash()
    assert desk.store.counts() == before
    assert desk.store.session("s1") is None
    assert desk.store.received_of(ANN) == []
    assert len(desk.due(ANN)) == 1


def test_an_unknown_contact_is_a_new_one(desk):
    """Loading never fails for a number that was never seen."""
    with desk.store.work(desk.clock.now(), 1) as batch:
        assert batch.conversations([BEN])[BEN].contact == Contact(BEN)


def test_sessions_come_oldest_first_and_without_ended_ones(desk):
    """Of sessions that began at the same moment, the one that was written first is older."""
    early = desk.clock.now() - MINUTE
    sessions = [
        desk.session("z"),
        desk.session("a", queued=True),
        desk.session("old", early),
        desk.session("over", early, outcome="completed", ended_at=desk.clock.now()),
    ]
    desk.save(ANN, Changes(sessions={each.id: (ANN, each) for each in sessions}))
    desk.save(ANN, Changes(sessions={"z": (ANN, desk.session("z", sent=1))}))
    with desk.store.work(desk.clock.now(), 1) as batch:
        found = batch.conversations({ANN})[ANN].sessions
    assert [session.id for session in found] == ["old", "z", "a"]
    ended = desk.store.session("over")
    assert ended is not None
    assert ended[1].outcome == "completed"


def test_a_resend_copies_the_text_it_replaces(desk):
    """The new message keeps root, text and expiry, on the next number, and names the old one."""
    expires = desk.clock.now() + MINUTE
    desk.queue(ANN, "m1", text="Code 1", masked="Code *", kind="otp", expires=expires)
    plan = Plan(via=("main", "spare"), position=1)
    desk.save(ANN, Changes(again=[SendAgain("m2", "m1", plan, desk.clock.now())]))
    again = desk.message(ANN, "m2")
    assert (again.root, again.replaces, again.number) == ("m1", "m1", "spare")
    assert (again.text, again.masked, again.kind) == ("Code 1", "Code *", "otp")
    assert [each.replaced for each in desk.store.messages_of(ANN)] == [True, False]
    assert desk.store.due_numbers(desk.clock.now(), ["main", "spare"]) == ["main", "spare"]
    assert desk.lease()[0].expires == expires


def test_a_resend_of_what_does_not_exist_is_an_error(desk):
    """Nothing is invented for a message that is not there."""
    again = SendAgain("m2", "nobody", Plan(via=("main",)), desk.clock.now())
    with pytest.raises(KeyError):
        desk.save(ANN, Changes(again=[again]))


def test_stop_refuses_the_texts_that_wait(desk):
    """They become final with the reason; other contacts' and the confirmation are left alone."""
    desk.queue(ANN, "m1")
    desk.queue(ANN, "code", kind="otp")
    desk.queue(ANN, "bye", passes_block=True)
    desk.queue(BEN, "other")
    desk.save(ANN, Changes(dropped=[(ANN, DropQueued("opted out"))]))
    refused = desk.message(ANN, "m1")
    assert (refused.state, refused.error) == (State.REFUSED, "opted out")
    assert refused.final_at == desk.clock.now()
    assert desk.message(ANN, "code").state is State.REFUSED
    assert {each.message for each in desk.lease()} == {"bye", "other"}


def test_stop_does_not_take_back_what_a_sender_holds(desk):
    """A text that is on its way keeps its row, so that its result can be recorded."""
    desk.queue(ANN, "m1")
    (leased,) = desk.lease()
    desk.save(ANN, Changes(dropped=[(ANN, DropQueued("opted out"))]))
    assert desk.record(leased, Verdict.ACCEPTED) == 1
    assert desk.message(ANN, "m1").state is State.ACCEPTED


def test_stop_holds_a_text_that_may_be_out(desk):
    """An unanswered try can't be called refused: its report may still come, and then counts."""
    desk.queue(ANN, "m1")
    (leased,) = desk.lease()
    desk.record(leased, Verdict.AMBIGUOUS, retry_at=desk.clock.now())
    desk.save(ANN, Changes(dropped=[(ANN, DropQueued("opted out"))]))
    assert desk.message(ANN, "m1").state is State.HELD
    assert desk.lease() == []
    moved = MovedForward("m1", State.DELIVERED, None, desk.clock.now())
    desk.save(ANN, Changes(moved=[moved]))
    assert desk.message(ANN, "m1").state is State.DELIVERED


def test_stop_spares_texts_of_its_own_batch(desk):
    """STOP and START in one batch: what START sends is not refused."""
    changes = Changes(texts=[(ANN, desk.text("m1"))], dropped=[(ANN, DropQueued("opted out"))])
    desk.save(ANN, changes)
    assert desk.message(ANN, "m1").state is State.QUEUED


def test_an_answer_drops_the_resends_of_its_question_only(desk):
    """A drop with a root ends that chain, also a resend of the same batch, and nothing else."""
    desk.queue(ANN, "q1")
    desk.queue(ANN, "other")
    again = SendAgain("q2", "q1", Plan(via=("main",)), desk.clock.now())
    dropped = [(ANN, DropQueued("superseded", "q1"))]
    desk.save(ANN, Changes(again=[again], dropped=dropped))
    states = {each.id: each.state for each in desk.store.messages_of(ANN)}
    assert states == {"q1": State.REFUSED, "q2": State.REFUSED, "other": State.QUEUED}


# --- reports --------------------------------------------------------------------------------------


def test_a_report_moves_its_message_and_ends_its_retry(desk):
    """A delivered text is never sent again, whatever the sender's tries came to."""
    desk.queue(ANN, "m1")
    desk.record(desk.lease()[0], Verdict.AMBIGUOUS, retry_at=desk.clock.now())
    moved = MovedForward("m1", State.DELIVERED, None, desk.clock.now())
    desk.save(ANN, Changes(moved=[moved]))
    message = desk.message(ANN, "m1")
    assert (message.state, message.final_at) == (State.DELIVERED, desk.clock.now())
    assert desk.lease() == []


@pytest.mark.parametrize("late", [State.PENDING, State.SENT, State.EXPIRED])
def test_a_final_state_is_never_left(desk, late):
    """A report that comes late, or read an old state, changes nothing."""
    desk.queue(ANN, "m1")
    for state in (State.DELIVERED, late):
        moved = MovedForward("m1", state, "EC", desk.clock.now())
        desk.save(ANN, Changes(moved=[moved]))
    assert desk.message(ANN, "m1").state is State.DELIVERED


def test_a_report_before_the_answer_starts_the_wait_for_the_final_one(desk):
    """The answer to the send is then too late to do so, and the session must not wait for ever."""
    desk.queue(ANN, "m1", plan=Plan(via=("main",), report_within=60))
    (leased,) = desk.lease()
    moved = MovedForward("m1", State.PENDING, None, desk.clock.now())
    desk.save(ANN, Changes(moved=[moved]))
    assert desk.record(leased, Verdict.ACCEPTED) == 0
    message = desk.message(ANN, "m1")
    assert (message.state, message.accepted_at) == (State.PENDING, desk.clock.now())
    desk.clock.advance(MINUTE)
    assert [row.payload for row in desk.events(ANN, Kind.NO_REPORT)] == [{"message": "m1"}]


def test_a_report_that_nobody_knows_is_kept(desk):
    """Its row can be finished, and the report looked at for two days."""
    desk.store.insert([desk.mo(ANN)])
    with desk.store.work(desk.clock.now(), 9) as batch:
        batch.unplaced(batch.rows[0])
        batch.save(Changes(finished=[batch.rows[0].id]))
    assert (desk.store.counts()["unplaced"], desk.store.counts()["inbox"]) == (1, 0)


def test_a_nul_in_a_text_can_be_saved(desk):
    """PostgreSQL keeps no NUL; it becomes U+FFFD wherever a person's text is written."""
    changes = Changes(
        contacts={ANN: Contact(ANN, fields={"name": "a\x00b"})},
        sessions={"s": (ANN, desk.session("s", variables={"k": ["\x00"]}))},
        texts=[(ANN, desk.text("m1", text="a\x00b"))],
        traced=[(ANN, Traced("s", None, "reply", "\x00"))],
        received=[(ANN, "main", "\x00", desk.clock.now())],
    )
    desk.save(ANN, changes)
    assert desk.message(ANN, "m1").text == "a\ufffdb"
    assert desk.store.received_of(ANN)[0].text == "\ufffd"


def test_no_batch_walks_through_what_waits(desk, explained):
    """The outbox is entered by an index, however old the statistics are: on PostgreSQL, where an OR
    over three columns is none."""
    for number in range(20):
        desk.queue(f"+4477009001{number:02}", f"m{number}")
    desk.opt_out(ANN)
    with explained() as plans:
        moved = [MovedForward("m1", State.DELIVERED, None, desk.clock.now())]
        desk.save(ANN, Changes(moved=moved, dropped=[(BEN, DropQueued("opted out"))]))
    found = [node for plan in plans for node in scans(plan, "outbox")]
    assert found
    assert [node for node in found if "Index Cond" not in node] == []


def scans(plan, table):
    """All nodes of a plan that read the table."""
    if plan.get("Relation Name") == table and "Scan" in plan["Node Type"]:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part, table)


@pytest.fixture
def explained(desk):
    """The plans of the statements that are run meanwhile, but for plain inserts."""
    engine = desk.store._db.engine
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite reads each arm of an OR by its own index")

    @contextmanager
    def listening():
        plans, busy = [], []

        def explain(connection, _cursor, statement, parameters, _context, _many):
            if busy or not statement.startswith(("SELECT", "UPDATE", "DELETE")):
                return
            busy.append(True)
            told = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            plans.append(told.scalar_one()[0]["Plan"])
            busy.clear()

        event.listen(engine, "before_cursor_execute", explain)
        try:
            yield plans
        finally:
            event.remove(engine, "before_cursor_execute", explain)

    return listening
