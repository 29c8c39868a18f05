"""Rows as the tables take them, made from what the engine and the border say.

One place for what several verbs insert: events of our own, messages, outbox rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from smsflow.engine.effects import Errand, SendAgain, SendText
from smsflow.engine.state import Plan
from smsflow.sms.numbers import number_hash
from smsflow.sms.options import Options
from smsflow.sms.states import State
from smsflow.store.columns import clean
from smsflow.store.rows import Kind, NewRow

# Who events belong to that are not about one contact: a partition of their own.
EVERYBODY = "@everybody"

INBOX = "kind contact number_hash payload due tries session"
MESSAGE = (
    "id root replaces contact session flow step number text masked kind plan state status error "
    "epoch segments made_at accepted_at final_at expires passes_block owner options"
)
OUTBOX = (
    "message contact number priority due first_due closes opener session order_key expires "
    "passes_block tries first_try_at lease_token lease_until held owner"
)
ERRAND = (
    "id contact session serial kind payload due first_due expires tries error lease_token "
    "lease_until"
)

# Smaller goes first: somebody waits for a code with the phone in hand, and nobody for marketing.
PRIORITIES = {"otp": 0, "system": 1, "transactional": 2, "marketing": 5}


def inbox_row(row: NewRow, session: str | None = None) -> dict[str, Any]:
    """A new event; one that goes with a session is deleted at its end."""
    return {
        "kind": row.kind,
        "contact": row.contact,
        "number_hash": number_hash(row.contact),
        "payload": row.payload,
        "due": row.due,
        "tries": 0,
        "session": session,
    }


def report_row(
    contact: str, message: str, state: State, error: str | None, now: datetime
) -> dict[str, Any]:
    """The event that our own sender or gate has decided a text's final state."""
    payload = {"message": message, "state": state, "error": error}
    return inbox_row(NewRow(Kind.REPORT, contact, payload, now))


def no_report_rows(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The event that the time for the report of an accepted text is over, if somebody waits for
    it."""
    due = Plan.from_json(message["plan"]).report_due(
        message["accepted_at"], Options.from_json(message["options"]).send_at
    )
    if due is None or message["final_at"] is not None:
        return []
    payload = {"message": message["id"]}
    return [inbox_row(NewRow(Kind.NO_REPORT, message["contact"], payload, due))]


def text_row(phone: str, text: SendText, now: datetime) -> dict[str, Any]:
    """The message of a new text of that contact's conversation, and what its outbox row has to
    know."""
    return {
        "id": text.message,
        "root": text.message,
        "replaces": None,
        "contact": text.to or phone,
        "session": text.session,
        "flow": text.flow,
        "step": text.step,
        "number": text.plan.number,
        "text": text.text,
        "masked": text.masked,
        "kind": text.kind,
        "plan": text.plan.to_json(),
        "segments": text.options.segments(clean(text.text)),
        "made_at": now,
        "expires": text.expires,
        "passes_block": text.passes_block,
        "owner": phone if text.to is not None else None,
        "options": text.options.to_json(),
        "closes": text.closes,
        "opener": text.opener,
        "follows": text.session if text.options.send_at is None else None,
        **_UNSENT,
    }


def again_row(replaced: RowMapping, again: SendAgain, now: datetime) -> dict[str, Any]:
    """The message of the same text once more, or of other words for it; `replaced` is the row that
    it takes the place of.

    Its session has gone on, so later texts don't wait for it.
    """
    words = {}
    if again.text is not None:
        options = Options.from_json(replaced["options"])
        words = {"text": again.text, "segments": options.segments(clean(again.text))}
    return {
        **{name: replaced[name] for name in MESSAGE.split()},
        **words,
        "id": again.message,
        "replaces": again.replaces,
        "number": again.plan.number,
        "plan": again.plan.to_json(),
        "made_at": now,
        "closes": again.closes,
        "opener": False,
        "follows": None,
        **_UNSENT,
    }


_UNSENT = {
    "state": State.QUEUED,
    "status": None,
    "error": None,
    "epoch": 0,
    "accepted_at": None,
    "final_at": None,
}


def outbox_row(message: Mapping[str, Any], due: datetime) -> dict[str, Any]:
    """The outbox row of a message row: codes and the answer to STOP wait for no other text."""
    waits = message["kind"] != "otp" and not message["passes_block"]
    return {
        "message": message["id"],
        "contact": message["contact"],
        "number": message["number"],
        "priority": PRIORITIES[message["kind"]],
        "due": due,
        "first_due": due,
        "closes": message["closes"],
        "opener": message["opener"],
        "session": message["follows"],
        "order_key": message["contact"] if waits else None,
        "expires": message["expires"],
        "passes_block": message["passes_block"],
        "tries": 0,
        "first_try_at": None,
        "lease_token": None,
        "lease_until": 0.0,
        "held": False,
        "owner": message["owner"],
    }


def errand_row(phone: str, errand: Errand) -> dict[str, Any]:
    """The row of a new errand."""
    return {
        "id": errand.errand,
        "contact": phone,
        "session": errand.session,
        "serial": errand.serial,
        "kind": errand.kind,
        "payload": errand.order,
        "due": errand.due,
        "first_due": errand.due,
        "expires": errand.expires,
        "tries": 0,
        "error": None,
        "lease_token": None,
        "lease_until": 0.0,
    }
