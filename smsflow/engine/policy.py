"""When a text may leave and what is tried when it does not arrive: pure functions of time.

The engine uses them when it makes a text and when it tries one again, in a transcript as in the
running service, so what a transcript shows is what happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from smsflow.engine.model import (
    Caps,
    Delivery,
    DeliveryPolicy,
    Duration,
    Flow,
    Project,
    QuietHours,
    StartLimit,
)
from smsflow.engine.state import Contact, Plan, Session
from smsflow.sms.numbers import zones_of

# A text within this time of one that came in is a reply, and replies know no quiet hours.
REPLY_WINDOW = timedelta(minutes=10)

# More are not sent, where the author wrote other words for that.
MAX_SEGMENTS = 3

# How long a step that handles delivery waits for the report when nobody says otherwise.
REPORT_WITHIN = Duration(seconds=600)


@lru_cache(maxsize=16_384)
def zone_of(phone: str, *, known: str | None, project: str) -> str:
    """The IANA zone of a contact: their own, else the project's when their number fits it, else
    their number's, else the project's."""
    if known:
        return known
    zones = zones_of(phone)
    return project if not zones or project in zones else zones[0]


def plan(
    policy: DeliveryPolicy,
    delivery: Delivery,
    *,
    now: datetime,
    zone: str,
    talking_on: str | None,
    waits: bool,
    question: bool,
) -> Plan:
    """What may be tried for a text that is made now.

    A step that names no way uses the number that the conversation is on; `waits` says that the
    step handles delivery, so that it has to learn of silence some time.
    """
    via = delivery.via or policy.via
    if talking_on is not None and not delivery.via and delivery.policy is None:
        via = (talking_on,)
    within = delivery.report_within or policy.report_within
    if within is None and waits:
        within = REPORT_WITHIN
    return Plan(
        via=via,
        failover_on=policy.failover_on,
        resend_times=policy.resend_times,
        resend_after=policy.resend_after,
        resend_on=policy.resend_on,
        report_within=_seconds(within, now, zone),
        give_up_at=policy.give_up.after(now, zone) if policy.give_up else None,
        question=question,
    )


def _seconds(length: Duration | None, now: datetime, zone: str) -> int | None:
    return None if length is None else round((length.after(now, zone) - now).total_seconds())


def next_try(plan: Plan, outcome: str, *, now: datetime, zone: str) -> tuple[Plan, datetime] | None:
    """What follows on a text that did not arrive: the next plan and when; None to give up.

    The next number comes before the same one again, for a number that refused will refuse again.
    """
    if plan.give_up_at is not None and now >= plan.give_up_at:
        return None
    if outcome in plan.failover_on and plan.position + 1 < len(plan.via):
        return replace(plan, position=plan.position + 1), now
    if outcome in plan.resend_on and plan.resend_times > 0:
        due = plan.resend_after.after(now, zone)
        if plan.give_up_at is None or due < plan.give_up_at:
            return replace(plan, resend_times=plan.resend_times - 1), due
    return None


@dataclass(frozen=True, slots=True)
class Window:
    """The hours in which a text may leave: from `opens` until before `closes`; None for no end."""

    opens: datetime
    closes: datetime | None


def window(
    moment: datetime,
    *,
    kind: str,
    zone: str,
    quiet: QuietHours | None,
    last_inbound: datetime | None,
) -> Window:
    """When a text may leave that could at this moment: at once, or from the end of the quiet
    hours on, and either way until they begin. A reply may leave in them while it is one."""
    if quiet is None or kind not in quiet.kinds or quiet.start == quiet.end:
        return Window(moment, None)
    opens = release(moment, kind=kind, zone=zone, quiet=quiet, last_inbound=last_inbound)
    closes = _next_night(opens, quiet, ZoneInfo(zone))
    if last_inbound is not None and is_reply(opens, last_inbound):
        replies_end = last_inbound + REPLY_WINDOW + timedelta(microseconds=1)
        if _is_quiet(opens, quiet, ZoneInfo(zone)):
            free_again = release(opens, kind=kind, zone=zone, quiet=quiet, last_inbound=None)
            closes = replies_end if replies_end < free_again else closes
        else:
            closes = max(closes, replies_end)
    return Window(opens, closes)


def is_reply(moment: datetime, last_inbound: datetime | None) -> bool:
    """True for a text that leaves so soon after one that came in that it answers it."""
    return last_inbound is not None and moment - last_inbound <= REPLY_WINDOW


def release(
    now: datetime,
    *,
    kind: str,
    zone: str,
    quiet: QuietHours | None,
    last_inbound: datetime | None,
) -> datetime:
    """The moment at which a text made now may leave: now, or the end of the quiet hours."""
    if quiet is None or kind not in quiet.kinds or quiet.start == quiet.end:
        return now
    if is_reply(now, last_inbound) or not _is_quiet(now, quiet, ZoneInfo(zone)):
        return now
    local = now.astimezone(ZoneInfo(zone))
    overnight = quiet.start > quiet.end
    after_start = local.hour * 60 + local.minute >= quiet.start
    day = local.date() + timedelta(days=1 if overnight and after_start else 0)
    end = datetime.combine(day, time(*divmod(quiet.end, 60)), ZoneInfo(zone))
    # By way of UTC, so that an end which the clocks skip becomes one that exists.
    return max(now, end.astimezone(now.tzinfo))


def _is_quiet(moment: datetime, quiet: QuietHours, zone: ZoneInfo) -> bool:
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    before_end, after_start = minute < quiet.end, minute >= quiet.start
    overnight = quiet.start > quiet.end
    return before_end or after_start if overnight else before_end and after_start


def _next_night(after: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """The first moment after that one at which the quiet hours begin, UTC."""
    today = after.astimezone(zone).date()
    starts = []
    for days in range(-1, 3):
        naive = datetime.combine(today + timedelta(days), time(*divmod(quiet.start, 60)))
        for fold in (0, 1):  # a time that comes twice begins the night twice
            start = naive.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            while start.astimezone(zone).replace(tzinfo=None) != naive:  # the clocks skip it
                naive += timedelta(minutes=1)
                start = naive.replace(tzinfo=zone).astimezone(UTC)
            starts.append(start)
    return min(start for start in starts if start > after)


def earliest(times: Sequence[datetime], limit: StartLimit, now: datetime, zone: str) -> datetime:
    """When one more may follow on those at these times: now, or when the limit lets it again."""
    recent = sorted(at for at in times if limit.per.after(at, zone) > now)
    if len(recent) < limit.times:
        return now
    return limit.per.after(recent[-limit.times], zone)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a project says of texts that leave, for the claim to ask at the last moment."""

    project: Project

    def window(
        self,
        moment: datetime,
        kind: str,
        contact: Contact,
        *,
        own: tuple[int, int] | None = None,
        holds: bool = False,
    ) -> Window:
        """When a text of that kind may leave to that contact; `own` are the quiet hours of its
        flow, from and to in minutes of the day, in place of the project's. `holds`: they hold it
        also when it answers a text."""
        return window(
            moment,
            kind=kind,
            zone=self.zone(contact),
            quiet=self.project.quiet if own is None else QuietHours(*own, frozenset({kind})),
            last_inbound=None if holds else contact.last_inbound,
        )

    def zone(self, contact: Contact) -> str:
        """The contact's time zone, an IANA name."""
        return zone_of(contact.phone, known=contact.timezone, project=self.project.timezone)

    @property
    def caps(self) -> Caps:
        """How many texts may leave in how long."""
        return self.project.caps


def end_of_life(flow: Flow, session: Session, zone: str) -> datetime:
    """When the session has lived long enough; waits for a date of its own don't count."""
    return flow.lifetime.after(session.started_at, zone) + timedelta(seconds=session.asleep)
