"""What may happen when: texts that expire, quiet hours, timers, and one-time codes.

Clocks of processes differ, so a rule about two moments is judged by what the clocks said that
decided, never by the simulation's own time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.simulation.answers import WAITING
from tests.simulation.evidence import Case, Row
from tests.simulation.script import code_in

if TYPE_CHECKING:
    from tests.simulation.town import Town

SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
QUIET = range((9 * 60 + 3) * 60 * SECOND, (9 * 60 + 40) * 60 * SECOND)  # of a day in London
REPLY_WINDOW = 600 * SECOND  # a text so long after one that came in is a reply
APART = 4 * SECOND  # more than two clocks ever differ
CODE_LIVES = 60 * SECOND  # of the flow `code`
TIMEOUT = 12 * 3600 * SECOND  # of the flow `sum`
WAIT = {"later": 30 * SECOND, "night": 900 * SECOND}  # of the flows with a timer


def times_are_right(town: Town, case: Case) -> None:
    """All rules of this module."""
    rows = {row.id: row for row in case.rows}
    inbound = defaultdict(list)
    for heard in case.heard:
        inbound[heard.phone].append(heard.at)
    for moments in inbound.values():
        moments.sort()
    for sent in case.submitted:
        if sent.message in rows:
            row = rows[sent.message]
            _sent_in_time(case, row, sent.claimed_at)
            _sent_by_day(case, row, sent.claimed_at, inbound[row.contact])
    _timers_wait(case)
    _no_question_ends_early(town, case)
    _codes_are_right(case)


def _sent_in_time(case: Case, row: Row, claimed_at: int) -> None:
    """No send starts when its text is no longer of use."""
    if row.expires is not None and claimed_at >= row.expires:
        case.accuse(f"{row.text!r} to {row.contact} was sent after it had expired")


def _sent_by_day(case: Case, row: Row, claimed_at: int, inbound: list[int]) -> None:
    """No send starts in quiet hours, unless it answers somebody."""
    if row.kind not in ("otp", "system") and not _is_allowed(claimed_at, inbound):
        case.accuse(f"{row.text!r} to {row.contact} was sent in quiet hours")


def _is_allowed(moment: int, inbound: list[int]) -> bool:
    if moment % DAY not in QUIET:
        return True
    latest = bisect_left(inbound, moment + APART) - 1
    return latest >= 0 and moment - inbound[latest] <= REPLY_WINDOW + APART


def _timers_wait(case: Case) -> None:
    """The text after a wait is made when the wait is over, and not before."""
    made = {(row.session, row.text): row.made_at for row in case.rows if row.replaces is None}
    for flow, (first, second) in WAITING.items():
        for (session, text), at in made.items():
            word, _, n = text.partition(" ")
            if word == second and at < made[session, f"{first} {n}"] + WAIT[flow]:
                case.accuse(f"{text!r} was made before its wait was over")


def _no_question_ends_early(town: Town, case: Case) -> None:
    """A question that nobody answers is over after its own time, not that of an earlier one."""
    for phone, ended, asked in town.database.ask(
        "SELECT s.phone, s.ended_at, max(m.made_at) FROM sessions s JOIN"
        # A question that comes again after an unclear answer has the time of the first.
        " (SELECT session, min(made_at) AS made_at FROM messages GROUP BY session, text) m"
        " ON m.session = s.id WHERE s.flow = 'sum' AND s.outcome = 'over' GROUP BY s.id"
    ):
        if ended < asked + TIMEOUT:
            case.accuse(f"the last question to {phone} was given up too early")


# --- one-time codes -------------------------------------------------------------------------------


def _codes_are_right(case: Case) -> None:
    """Each session accepts one code at the most, its last, which came back in time."""
    sessions = defaultdict(list)
    for row in case.rows:
        if row.kind == "otp" and row.replaces is None:
            sessions[row.session].append(row)
    for rows in sessions.values():
        last: Row | None = None
        accepted = 0
        for row in rows:
            if row.text.startswith("code "):
                last = row
            elif row.text.startswith("right "):
                accepted += 1
                _code_was_right(case, last, row)
        if accepted > 1:
            case.accuse(f"{rows[0].contact} had a code accepted {accepted} times")


def _code_was_right(case: Case, last: Row | None, accepted: Row) -> None:
    """The code that counted then was texted before, and while it lived."""
    texts = case.truth.get(last.id, []) if last is not None else []
    code = next((code for text in texts if (code := code_in(text.words))), None)
    if last is None or code is None:
        case.accuse(f"{accepted.text!r} to {accepted.contact}, to whom no code was sent")
        return
    given = [
        heard.at
        for heard in case.heard
        if heard.phone == last.contact
        and heard.text == code
        and heard.at <= accepted.made_at + APART
    ]
    if not given:
        case.accuse(f"{accepted.text!r} to {accepted.contact}, who had not texted the last code")
    elif min(given) >= last.made_at + CODE_LIVES:
        case.accuse(f"{accepted.text!r} to {accepted.contact} for a code that had expired")
