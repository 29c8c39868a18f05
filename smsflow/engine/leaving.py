"""When a text of a session may leave: not in quiet hours, and marketing not too often.

What opens a marketing session counts for its cap, unless it answers a text that just came in; the
session's other texts follow on it. So timeouts run from when a question can really be read, and
the claim, which counts what left, finds little to put off.
"""

from __future__ import annotations

from datetime import datetime

from smsflow.engine.model import Flow
from smsflow.engine.policy import Rules, Window, earliest, is_reply
from smsflow.engine.state import Contact, Session

# What openers are counted under among the contact's starts, beside the names of flows.
OPENERS = "*marketing"


def plan_leaving(
    rules: Rules, contact: Contact, session: Session, flow: Flow, now: datetime
) -> tuple[Window, bool]:
    """The window of the session's next text, and whether it is one that counts; noted if so."""
    moment = max(now, session.opens_at or now)
    own = (flow.quiet.start, flow.quiet.end) if flow.quiet else None
    opener = (
        flow.kind == "marketing" and not session.sent and not is_reply(now, contact.last_inbound)
    )
    if not opener:
        return rules.window(moment, flow.kind, contact, own=own), False
    limit, zone = rules.caps.marketing, rules.zone(contact)
    openers = contact.starts.get(OPENERS, [])
    allowed = earliest(openers, limit, moment, zone)
    window = rules.window(allowed, flow.kind, contact, own=own)
    contact.starts[OPENERS] = [*openers, window.opens][-limit.times :]
    session.opens_at = window.opens
    return window, True
