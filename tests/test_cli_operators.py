"""`smsflow held` and `smsflow dead`: what they list, what they do, and how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from smsflow.engine.effects import HandedOff, HandoffClosed, SendText
from smsflow.engine.state import Plan
from smsflow.sms.states import State
from smsflow.store import Store
from smsflow.store.rows import Changes, Kind, NewRow, SenderQuota, TryResult, Verdict
from tests.test_cli import ACCOUNTS, CHECKOUT, run

PHONE = "+447700900123"
NASTY = "\x1b[2Jhello\u202e\nworld"


class Counter:
    """An operator at the keyboard."""

    def __init__(self, store: Store, url: str) -> None:
        self.store = store
        self._url = url

    def runs(self, *command: str) -> Result:
        return run(CHECKOUT, *command, SMSFLOW_DATABASE_URL=self._url, **KEYS)

    def held(self, **changed: object) -> str:
        """A text that waits for an operator."""
        now = datetime.now(UTC)
        fields = {"text": NASTY, "masked": None, "expires": None, **changed}
        text = SendText(
            message="m1",
            session=None,
            flow=None,
            step=None,
            kind="otp",
            plan=Plan(via=("main",)),
            due=now,
            **fields,  # type: ignore[arg-type]
        )
        self.store.insert([NewRow(Kind.TIMER, PHONE, {}, now)])
        with self.store.work(now, 10) as batch:
            batch.save(Changes(texts=[(PHONE, text)], finished=[row.id for row in batch.rows]))
        quota = SenderQuota(1, None)
        (leased,) = self.store.lease(["main"], quota, provider="p", now=now)
        result = TryResult(leased=leased, verdict=Verdict.HOLD, at=now, detail="no word\x1b[31m")
        self.store.record([result])
        return "m1"

    def state(self) -> State:
        return self.store.messages_of(PHONE)[0].state

    def failed(self) -> int:
        """An event that failed three times."""
        now = datetime.now(UTC)
        payload = {"text": NASTY, "number": "main"}
        self.store.insert([NewRow(Kind.MO, PHONE, payload, now)])
        with self.store.work(now, 10) as batch:
            (row,) = batch.rows
        for _ in range(3):
            self.store.failed(row, "KeyError: 'x'")
        return self.store.dead_letters(9)[-1].id


KEYS = {**ACCOUNTS, "SMSFLOW_SECRET_KEY": "a-key-of-the-tests-0123456789"}


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    url = f"sqlite:///{tmp_path / 'operators.db'}"
    store = Store.connect(url)
    store.upgrade()
    yield Counter(store, url)
    store.close()


# --- held -----------------------------------------------------------------------------------------


def test_nothing_held_is_said(counter: Counter) -> None:
    """And nothing printed for programs."""
    assert counter.runs("held").output == "no text is held\n"
    assert counter.runs("held", "--json").output == ""


def test_a_held_text_is_listed_with_its_reason_and_the_commands(counter: Counter) -> None:
    """What others wrote moves no cursor."""
    message = counter.held()
    told = counter.runs("held").output
    assert f"{message}  to {PHONE} by main, " in told
    assert "why:   no word\\x1b[31m\n" in told
    assert f"smsflow held resend {message} [--new-id]" in told
    assert f"smsflow held drop {message} --as sent|not-sent" in told
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert told.endswith("1 text waits\n")


def test_a_code_is_listed_under_its_mask(counter: Counter) -> None:
    """An operator has no use for somebody's code."""
    counter.held(text="Code 482913", masked="Code ***")
    assert "482913" not in counter.runs("held").output + counter.runs("held", "--json").output


def test_a_text_whose_time_is_over_says_so(counter: Counter) -> None:
    """A resend would be refused by the gate."""
    message = counter.held(expires=datetime.now(UTC).replace(year=9999))
    assert "over:" not in counter.runs("held").output
    with counter.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET expires = 1")
    assert "over:" in counter.runs("held").output
    assert json.loads(counter.runs("held", "--json").output)["id"] == message


def test_resend_lets_it_go_again(counter: Counter) -> None:
    """A second time it is held no more, and the exit code is 1."""
    message = counter.held()
    assert counter.runs("held", "resend", message, "--by", "sam").exit_code == 0
    assert counter.state() is State.UNCERTAIN
    again = counter.runs("held", "resend", message)
    assert (again.exit_code, again.stderr) == (1, "smsflow: m1 is not held (any more)\n")
    (action,) = counter.store.actions(9)
    assert (action.who, action.what) == ("sam", "resend")


@pytest.mark.parametrize(
    ("outcome", "state"), [("sent", State.UNKNOWN), ("not-sent", State.REJECTED)]
)
def test_drop_closes_it_as_the_operator_says(counter: Counter, outcome: str, state: State) -> None:
    """The one thing that nobody else knows has to be said."""
    message = counter.held()
    assert counter.runs("held", "drop", message).exit_code == 2
    assert counter.runs("held", "drop", message, "--as", outcome).exit_code == 0
    assert counter.state() is state
    assert counter.runs("held", "drop", message, "--as", outcome).exit_code == 1


# --- dead -----------------------------------------------------------------------------------------


def test_no_dead_letters_is_said(counter: Counter) -> None:
    """The exit code is 0."""
    assert counter.runs("dead").output == "no dead letters\n"


def test_dead_letters_are_listed_raw_and_harmless(counter: Counter) -> None:
    """Events and pushes, with the error; their words can't move the cursor."""
    event = counter.failed()
    counter.store.dead_letter("dlr:primary", "\x1b]0;x\x07{", "messageId is missing")
    told = counter.runs("dead").output
    assert f"{event}  event mo of {PHONE}, " in told
    assert "error: KeyError: 'x'" in told
    assert "push dlr:primary, " in told
    assert "\x1b" not in told
    assert told.endswith("2 dead letters\n")
    one, two = map(json.loads, counter.runs("dead", "--json").output.splitlines())
    assert one["payload"]["text"] == NASTY
    assert (two["source"], two["payload"]) == ("dlr:primary", "\x1b]0;x\x07{")


def test_an_event_goes_back_into_the_inbox(counter: Counter) -> None:
    """At its old due time."""
    letter = counter.store.letter(counter.failed())
    assert letter is not None
    assert counter.runs("dead", "replay", str(letter.id), "--by", "sam").exit_code == 0
    with counter.store.work(datetime.now(UTC), 10) as batch:
        assert [row.due for row in batch.rows] == [letter.due]
    assert counter.store.actions(1)[0].who == "sam"


def test_all_are_replayed_but_what_still_cannot_be_read(counter: Counter) -> None:
    """Why one stays is said, and the exit code is 1."""
    counter.failed()
    counter.store.dead_letter("dlr:primary", '{"results": [{}]}', "status is missing")
    done = counter.runs("dead", "replay", "--all")
    assert done.exit_code == 1
    assert "stays: the status is missing" in done.stderr
    assert done.stdout == "1 of 2 replayed\n"
    assert len(counter.store.dead_letters(9)) == 1


def test_replay_wants_one_or_all(counter: Counter) -> None:
    """Neither and both are mistakes; an unknown one is exit code 1."""
    assert counter.runs("dead", "replay").exit_code == 2
    assert counter.runs("dead", "replay", "1", "--all").exit_code == 2
    assert counter.runs("dead", "replay", "77").exit_code == 1
    assert counter.runs("dead", "replay", "--all").output == "0 of 0 replayed\n"


def test_a_dead_letter_is_deleted_once(counter: Counter) -> None:
    """The second time there is none."""
    letter = str(counter.failed())
    assert counter.runs("dead", "drop", letter).exit_code == 0
    assert counter.runs("dead", "drop", letter).exit_code == 1


# --- audit ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("since", ["yesterday", "-2h", "5"])
def test_a_length_of_time_is_read_or_refused(counter: Counter, since: str) -> None:
    """The message shows what can be written."""
    done = counter.runs("audit", f"--since={since}")
    assert done.exit_code == 2
    assert "such as 90s, 5m, 2h or 2d" in done.stderr


def test_an_audit_reaches_as_far_as_the_logs(counter: Counter) -> None:
    """Beyond that, every text would look unknown."""
    done = counter.runs("audit", "--since", "3d")
    assert done.exit_code == 2
    assert "reach back 48 hours" in done.stderr


def test_an_audit_without_a_provider_is_exit_code_2(counter: Counter) -> None:
    """Nobody listens at that address."""
    done = counter.runs("audit")
    assert done.exit_code == 2
    assert "the logs of primary cannot be asked" in done.stderr


# --- handoffs -------------------------------------------------------------------------------------


def handed_over(counter: Counter) -> str:
    """A conversation that waits for a person, with a text that moves cursors."""
    now = datetime.now(UTC)
    counter.store.insert([NewRow(Kind.TIMER, PHONE, {}, now)])
    handed = HandedOff(
        handoff="h1", queue="desk", session="s1", flow="x", step="y", number="main", note=NASTY
    )
    with counter.store.work(now, 10) as batch:
        done = [row.id for row in batch.rows]
        came = [(PHONE, "main", NASTY, now)]
        batch.save(Changes(handoffs=[(PHONE, handed)], received=came, finished=done))
    return "h1"


def test_conversations_are_listed_and_read(counter: Counter) -> None:
    """Nothing that people text moves the cursor."""
    assert counter.runs("handoffs").output == "no handoff is open\n"
    handed_over(counter)
    listed = counter.runs("handoffs", "--queue", "desk").output
    assert f"h1  desk: {PHONE} by main" in listed
    assert "waits for an answer" in listed
    assert counter.runs("handoffs", "--queue", "other").output == "no handoff is open\n"
    shown = counter.runs("handoffs", "show", "h1").output
    assert "<- \\x1b[2Jhello" in shown
    assert "\x1b" not in listed + shown
    told = json.loads(counter.runs("handoffs", "show", "h1", "--json").output)
    assert (told["state"], told["texts"][0]["by"]) == ("open", "contact")
    assert json.loads(counter.runs("handoffs", "--json").output)["queue"] == "desk"


def test_an_answer_and_the_end_become_events(counter: Counter) -> None:
    handed_over(counter)
    assert counter.runs("handoffs", "reply", "h1", "Hello", "--by", "me").exit_code == 0
    assert counter.runs("handoffs", "close", "h1", "--by", "me").exit_code == 0
    with counter.store.work(datetime.now(UTC), 10) as batch:
        rows = [
            (row.kind, row.contact, row.payload.get("text"), row.payload["by"])
            for row in batch.rows
        ]
    assert rows == [(Kind.AGENT, PHONE, "Hello", "me"), (Kind.AGENT, PHONE, None, "me")]


def test_a_handoff_that_is_over_takes_no_answer(counter: Counter) -> None:
    handed_over(counter)
    now = datetime.now(UTC)
    counter.store.insert([NewRow(Kind.TIMER, PHONE, {}, now)])
    with counter.store.work(now, 10) as batch:
        batch.save(Changes(handoffs=[(PHONE, HandoffClosed("h1", None, "timeout"))]))
    done = counter.runs("handoffs", "reply", "h1", "Hello")
    assert (done.exit_code, "h1 is closed: timeout" in done.output) == (1, True)
    assert "over (timeout)" in counter.runs("handoffs", "--closed").output
    assert counter.runs("handoffs", "close", "h9").exit_code == 1
    assert counter.runs("handoffs", "reply", "h1", " ").exit_code == 2
