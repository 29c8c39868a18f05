"""When a text of a session may leave: not in quiet hours, and marketing not too often.

What opens a marketing session counts for its cap, unless it answers a text that just came in; the
session's other texts follow on it. So timeouts run from when a question can really be read, and
the claim, which counts what left, finds little to put off.
"""

from __future__ import annotations

from datetime import datetime

from smsflow.engine.model import Delivery, Flow
from smsflow.engine.policy import Rules, Window, earliest, is_reply
from smsflow.engine.state import Contact, Session

# What openers are counted under among the contact's starts, beside the names of flows.
OPENERS = "*marketing"

_USUAL = Delivery()


def own_quiet(flow: Flow, delivery: Delivery) -> tuple[int, int] | None:
    """The quiet hours of a step that says so, or of its flow, in place of the project's; hours
    that begin and end at one time are none."""
    if delivery.quiet == "ignore":
        return 0, 0
    return (flow.quiet.start, flow.quiet.end) if flow.quiet else None


def plan_for_other(
    rules: Rules, phone: str, kind: str, moment: datetime, *, own: tuple[int, int] | None
) -> Window:
    """The window of a text to another phone than the contact's.

    What is known of that contact is in another conversation. So the window ends as it opens: a
    text whose hours are over is judged at the claim, by what is known of its own contact then.
    """
    opens = rules.window(moment, kind, Contact(phone), own=own).opens
    return Window(opens, opens)


def plan_text(
    rules: Rules,
    contact: Contact,
    session: Session,
    flow: Flow,
    now: datetime,
    *,
    delivery: Delivery = _USUAL,
    to: str | None = None,
) -> tuple[Window, bool]:
    """The window of the session's next text, and whether it is one that counts; noted if so. `to`
    is its phone when that is not the contact's."""
    moment = max(now, session.opens_at or now)
    own, holds = own_quiet(flow, delivery), delivery.quiet == "hold"
    if to is not None:
        return plan_for_other(rules, to, flow.kind, now, own=own), False
    opener = (
        flow.kind == "marketing" and not session.sent and not is_reply(now, contact.last_inbound)
    )
    if not opener:
        return rules.window(moment, flow.kind, contact, own=own, holds=holds), False
    limit, zone = rules.caps.marketing, rules.zone(contact)
    openers = contact.starts.get(OPENERS, [])
    allowed = earliest(openers, limit, moment, zone)
    window = rules.window(allowed, flow.kind, contact, own=own, holds=holds)
    contact.starts[OPENERS] = [*openers, window.opens][-limit.times :]
    session.opens_at = window.opens
    return window, True
