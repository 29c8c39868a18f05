"""The people of the demo: each has a handset, texts, reads, and knows what has to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from smsflow.demo.record import Event
from smsflow.demo.stage import Bubble, SceneError, Stage
from smsflow.engine.state import Contact
from smsflow.sms.numbers import bare
from smsflow.sms.states import State
from smsflow.store.rows import Message

LONGEST_WAIT = timedelta(days=7)  # of the demo's clock, for a text that is to come later


class Person:
    """Somebody with a phone. What they get is compared with what the flow says, to the letter."""

    def __init__(self, stage: Stage, who: str, phone: str, language: str | None = None) -> None:
        self.phone = phone
        self._stage = stage
        self._who = who
        self._contact = Contact(phone, language=language)
        self._language = language
        self._read = 0
        self._scope: dict[str, Any] = {}
        self._session: str | None = None
        self._flow = ""
        self._handoff = ""

    # --- what they do ----------------------------------------------------------------------------

    def says(self, text: str, to: str = "main") -> None:
        """Text one of our numbers."""
        number = self._stage.project.numbers[to]
        body = {"from": bare(self.phone), "to": bare(number.address), "text": text}
        self._stage.network(number.provider, "POST", "/mo", body)
        self._stage.record.summary.texts_in += 1
        self._add("text", direction="in", text=text, via=to)
        self._stage.settle()

    def is_sent(self, flow: str, why: str, /, **inputs: Any) -> None:
        """The business starts a flow for them, through the API."""
        contact = {"phone": self.phone}
        if self._language:
            contact["language"] = self._language
        body = {"contact": contact, "inputs": _as_json(inputs)}
        path = f"/flows/{quote(flow)}/sessions"
        self._session = self._stage.api("POST", path, body)["session"]
        self._flow, self._scope = flow, inputs
        self._add("start", text=why, flow=flow)
        self._stage.settle()

    def is_taken_over(self, queue: str, note: str) -> None:
        """The conversation stands in that queue, for a person."""
        self._stage.settle()
        found = self._stage.api("GET", f"/handoffs?queue={quote(queue)}")["handoffs"]
        mine = [each for each in found if each["contact"] == self.phone]
        self._check("note for a person", note, mine[0]["note"] if mine else "no handoff")
        self._handoff = mine[0]["id"] if mine else ""
        self._add("start", text=f"a person takes over, in the queue '{queue}': {note}")

    def is_written(self, text: str, *, via: str) -> None:
        """A person writes to them, through the API."""
        body = {"text": text, "by": "the demo"}
        self._stage.api("POST", f"/handoffs/{self._handoff}/texts", body)
        self._check_text(self._next("a person", later=False), text, via, "")

    def is_given_back(self) -> None:
        """The person is done."""
        self._stage.api("POST", f"/handoffs/{self._handoff}/close", {"by": "the demo"})

    def is_out_of_reach(self, via: str) -> None:
        """One of our providers knows nothing of this number."""
        provider = self._stage.project.numbers[via].provider
        path = f"/handsets/{quote(bare(self.phone))}"
        self._stage.network(provider, "PUT", path, {"fate": "undeliverable"})

    # --- what has to come ------------------------------------------------------------------------

    def gets(
        self,
        flow: str,
        step: str,
        *,
        slot: str = "text",
        via: str = "main",
        later: bool = False,
        read: Callable[[str], dict[str, Any]] | None = None,
        **scope: Any,
    ) -> dict[str, Any]:
        """Get exactly the text of that step; what `read` finds in it belongs to its words.

        `later` lets the clock jump until a text comes.
        """
        bubble = self._next(f"{flow}/{step}", later=later)
        found = read(bubble.text) if read else {}
        words = {**self._scope, **scope, **found}
        expected = self._stage.wording(flow, step, self._contact, words, slot)
        self._check_text(bubble, expected, via, flow)
        return found

    def gets_built_in(self, name: str, *, via: str = "main") -> None:
        """Get exactly one of the texts that the service has of itself."""
        bubble = self._next(name, later=False)
        self._check_text(bubble, self._stage.built_in(name, self._contact), via, "")

    def gets_nothing(self, why: str) -> None:
        """Get no text, however long one waits now."""
        self._stage.settle()
        fresh = self._unread()
        self._check("silence", "", " / ".join(bubble.text for bubble in fresh))
        self._read += len(fresh)
        self._add("silence", text=why)

    def misses(self, flow: str, step: str, *, via: str, **scope: Any) -> None:
        """A text through that number fails, in the network's eyes as in the service's."""
        failed = self._await_failure(via)
        words = {**self._scope, **scope}
        expected = self._stage.wording(flow, step, self._contact, words)
        self._check("text that failed", expected, failed["text"])
        known = self._known(failed["messageId"])
        self._check("state of a text that failed", State.UNDELIVERABLE, known.state)
        self._stage.record.summary.failed_over += known.replaced
        self._add(
            "text",
            direction="out",
            text=failed["text"],
            parts=failed["parts"],
            state=known.state,
            via=via,
            flow=flow,
        )

    def ends(self, outcome: str) -> None:
        """The session has ended so, says the API."""
        self._stage.settle()
        session = self._session or self._last_session()
        answer = self._stage.api("GET", f"/sessions/{session}")
        got = answer.get("outcome") or "still open"
        self._check(f"outcome of {answer.get('flow', 'a session')}", outcome, got)
        self._stage.record.summary.sessions[got] += 1
        self._add("outcome", text=f"session ends: {got}", flow=answer.get("flow", ""))
        self._session = None

    def is_refused(self, reason: str) -> None:
        """The start was refused, says the API."""
        self._stage.settle()
        answer = self._stage.api("GET", f"/sessions/{self._session}")
        self._check("start after STOP", reason, answer.get("reason") or "it was started")
        self._stage.record.summary.refused_by_stop += 1
        self._add("outcome", text=f"start refused: {answer.get('reason')}", flow=self._flow)
        self._session = None

    def has_refused_text(self) -> None:
        """A text that was waiting to leave was refused by the STOP, and the provider never saw it.

        The network's list is what counts: a text that is not on it was not sent.
        """
        self._stage.settle()
        refused = [each for each in self._messages() if each.state is State.REFUSED]
        self._check("texts refused by STOP", "1", str(len(refused)))
        for message in refused:
            provider = self._stage.project.numbers[message.number].provider
            sent = {each["messageId"] for each in self._stage.submitted(provider)}
            self._check("text seen by the provider", "False", str(message.wire_id in sent))
            self._stage.record.summary.refused_by_stop += 1
            self._add(
                "text",
                direction="out",
                text=message.text,
                parts=message.segments,
                state=message.state,
                via=message.number,
                flow=message.flow or "",
            )

    def done(self) -> None:
        """Nothing came that nobody expected."""
        fresh = self._unread()
        self._check("unexpected texts", "", " / ".join(bubble.text for bubble in fresh))
        self._read += len(fresh)

    # --- how it is seen ---------------------------------------------------------------------------

    def _next(self, what: str, *, later: bool) -> Bubble:
        """The next unread text on the handset."""
        limit = self._stage.clock.now() + LONGEST_WAIT
        while not (fresh := self._unread()):
            if not (later and self._stage.jump(limit)):
                self._check(f"text of {what}", "a text", "silence")
                raise SceneError(f"{self._who} waits for {what}")
        if later:
            self._stage.tell_time()
        self._read += 1
        return fresh[0]

    def _unread(self) -> list[Bubble]:
        self._stage.settle()
        return self._stage.bubbles(self.phone)[self._read :]

    def _await_failure(self, via: str) -> dict[str, Any]:
        number = self._stage.project.numbers[via]
        limit = self._stage.clock.now() + LONGEST_WAIT
        while True:
            for each in self._stage.submitted(number.provider):
                mine = each["to"] == bare(self.phone) and each["from"] == bare(number.address)
                if mine and each["group"] == "UNDELIVERABLE":
                    self._stage.tell_time()
                    return each
            if not self._stage.jump(limit):
                self._check(f"text via {via}", "a text that fails", "none")
                raise SceneError(f"nothing was sent to {self._who} via {via}")

    def _check_text(self, bubble: Bubble, expected: str, via: str, flow: str) -> None:
        """Words, number, parts and delivery state; each difference is told for itself."""
        known = self._known(bubble.message)
        number = self._stage.project.numbers[via]
        self._check("text", expected, bubble.text)
        self._check("number", bare(number.address), bubble.sender)
        self._check("delivery state", State.DELIVERED, known.state)
        self._check("parts", str(known.segments), str(bubble.parts))
        self._add(
            "text",
            at=bubble.at,
            direction="out",
            text=bubble.text,
            parts=bubble.parts,
            state=known.state,
            via=via,
            flow=flow,
        )

    def _known(self, wire_id: str) -> Message:
        """What the service knows of a text that the network knows."""
        for message in self._messages():
            if message.wire_id == wire_id:
                return message
        raise SceneError(f"the service knows no text {wire_id}")

    def _messages(self) -> list[Message]:
        return self._stage.store.messages_of(self.phone)

    def _last_session(self) -> str:
        for message in reversed(self._messages()):
            if message.session:
                return message.session
        raise SceneError(f"no session of {self._who} ever sent a text")

    def _check(self, what: str, expected: str, got: str) -> None:
        now = self._stage.clock.now()
        self._stage.record.check(f"{self._who}: {what}", str(expected), str(got), now)

    def _add(self, kind: str, *, at: datetime | None = None, **known: Any) -> None:
        moment = at or self._stage.clock.now()
        self._stage.record.add(replace(Event(kind=kind, at=moment, who=self._who), **known))


def _as_json(value: Any) -> Any:
    """Inputs as a program sends them."""
    match value:
        case dict():
            return {key: _as_json(item) for key, item in value.items()}
        case datetime():
            return value.isoformat()
        case _:
            return value
