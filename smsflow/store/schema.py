"""The tables and their indexes. Migrations build them; a test compares the two.

Kept apart from the statements so that a reader sees in one place what is remembered, and which
index makes which statement cheap.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from smsflow.store.columns import Clean, Instant, Json

metadata = MetaData()

# SQLite counts only INTEGER keys up by itself.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")


def _serial(name: str = "id") -> Column[int]:
    """A key that counts up in the order of insertion."""
    return Column(name, _SERIAL, primary_key=True, autoincrement=True)


def _only(condition: str) -> dict[str, Any]:
    """Makes an index hold only the rows for which this is so."""
    return {"postgresql_where": text(condition), "sqlite_where": text(condition)}


# --- inbox ----------------------------------------------------------------------------------------

inbox = Table(
    "inbox",
    metadata,
    _serial(),
    Column("kind", Clean, nullable=False),
    Column("contact", Clean, nullable=False),
    Column("number_hash", BigInteger, nullable=False),  # of the contact; unsigned 32 bits
    Column("payload", Json, nullable=False),
    Column("due", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("session", Clean),  # of a timer, which goes with it
    # Future timers lie behind what is due; the hash is there to pick a partition in the index.
    Index("inbox_due", "due", "id", "number_hash"),
    Index("inbox_session", "session", **_only("session IS NOT NULL")),
    sqlite_autoincrement=True,  # an id is never used again, as on PostgreSQL
)

seen = Table(
    "seen",
    metadata,
    Column("key", Clean, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
)

partitions = Table(
    "partitions", metadata, Column("number", Integer, primary_key=True, autoincrement=False)
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _serial(),
    Column("source", Clean, nullable=False),  # the kind of the inbox row, or who could not read it
    Column("contact", Clean),
    Column("payload", Json),
    Column("error", Clean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("due", Instant),  # of the inbox row; NULL for what could not be read
)

unplaced = Table(
    "unplaced",
    metadata,
    _serial(),
    Column("contact", Clean, nullable=False),
    Column("payload", Json, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

parts = Table(
    "parts",
    metadata,
    _serial(),
    Column("provider", Clean, nullable=False),
    Column("sender", Clean, nullable=False),
    Column("receiver", Clean, nullable=False),  # "" when the provider does not say
    Column("reference", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # from 1
    Column("payload", Json, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint(
        "sender", "receiver", "provider", "reference", "total", "number", name="parts_of_a_text"
    ),
)

# --- conversations --------------------------------------------------------------------------------

contacts = Table(
    "contacts",
    metadata,
    Column("phone", Clean, primary_key=True),
    Column("number_hash", BigInteger, nullable=False),
    Column("opted_out", Boolean, nullable=False),
    Column("state", Json, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    _serial("seq"),
    Column("id", Clean, nullable=False),
    Column("phone", Clean, nullable=False),
    Column("flow", Clean, nullable=False),
    Column("version", Clean, nullable=False),
    Column("outcome", Clean),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("state", Json, nullable=False),
    UniqueConstraint("id", name="sessions_id"),
    Index("sessions_open", "phone", **_only("outcome IS NULL")),
    Index("sessions_version", "flow", "version", **_only("outcome IS NULL")),
    Index("sessions_ended", "ended_at", **_only("outcome IS NOT NULL")),
)

received = Table(
    "received",
    metadata,
    _serial(),
    Column("phone", Clean, nullable=False, index=True),
    Column("number", Clean, nullable=False),
    Column("text", Clean, nullable=False),
    Column("at", Instant, nullable=False),
)

clicks = Table(
    "clicks",
    metadata,
    _serial(),
    Column("contact", Clean, nullable=False, index=True),
    Column("message", Clean, nullable=False),  # the first of its chain
    Column("session", Clean, index=True),
    Column("flow", Clean),
    Column("step", Clean),
    Column("url", Clean, nullable=False),
    Column("at", Instant, nullable=False),
)

consent = Table(
    "consent",
    metadata,
    _serial(),
    Column("phone", Clean, nullable=False, index=True),
    Column("opted_out", Boolean, nullable=False),
    Column("list", Clean),  # NULL: all texts
    Column("source", Clean, nullable=False, server_default="text"),
    Column("wording", Clean, nullable=False),
    Column("number", Clean, nullable=False),
    Column("at", Instant, nullable=False),
)

# Contacts who had opted out and were erased: all that is kept of them, so that STOP stays.
erased = Table("erased", metadata, Column("digest", Clean, primary_key=True))

requests = Table(
    "requests",
    metadata,
    Column("request", Clean, primary_key=True),
    Column("result", Json, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

traces = Table(
    "traces",
    metadata,
    _serial(),
    Column("contact", Clean, nullable=False, index=True),
    Column("session", Clean, index=True),
    Column("step", Clean),
    Column("what", Clean, nullable=False),
    Column("detail", Clean, nullable=False),
    Column("place", Json),  # file, line, column, length
    Column("at", Instant, nullable=False),
)

flow_versions = Table(
    "flow_versions",
    metadata,
    Column("flow", Clean, primary_key=True),
    Column("version", Clean, primary_key=True),
    Column("source", Clean, nullable=False),
    Column("used_at", Instant),  # when a process last began with it
)

# Conversations that people hold, or held.
handoffs = Table(
    "handoffs",
    metadata,
    Column("id", Clean, primary_key=True),
    Column("queue", Clean, nullable=False),
    Column("session", Clean, nullable=False),
    Column("flow", Clean, nullable=False),
    Column("contact", Clean, nullable=False),
    Column("number", Clean, nullable=False),
    Column("note", Clean, nullable=False),
    Column("state", Clean, nullable=False),  # open, closed
    Column("opened_at", Instant, nullable=False),
    Column("waits_since", Instant),  # the contact, for an answer; NULL when they have it
    Column("closed_at", Instant),
    Column("by", Clean),  # who closed it; NULL when nobody did
    Column("reason", Clean),  # closed, timeout, opted_out ...
    Index("handoffs_open", "opened_at", **_only("state = 'open'")),
    Index("handoffs_closed", "closed_at", **_only("state = 'closed'")),
    Index("handoffs_contact", "contact"),
)

# --- messages -------------------------------------------------------------------------------------

_UNMASKED = "masked IS NOT NULL AND text <> masked"

messages = Table(
    "messages",
    metadata,
    _serial("seq"),
    Column("id", Clean, nullable=False),
    Column("root", Clean, nullable=False),
    Column("replaces", Clean),
    Column("contact", Clean, nullable=False),
    Column("session", Clean),
    Column("flow", Clean),
    Column("step", Clean),
    Column("number", Clean, nullable=False),
    Column("text", Clean, nullable=False),
    Column("masked", Clean),
    Column("kind", Clean, nullable=False),
    Column("plan", Json, nullable=False),
    Column("state", Clean, nullable=False),
    Column("status", Clean),  # the provider's own name for what became of it
    Column("error", Clean),
    Column("epoch", Integer, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("final_at", Instant),
    Column("expires", Instant),  # kept for a resend, whose outbox row is new
    Column("passes_block", Boolean, nullable=False),
    Column("owner", Clean),  # the contact whose session sent it, when it went to somebody else
    Column("options", Json),  # what is asked of the provider; NULL for nothing
    UniqueConstraint("id", name="messages_id"),
    Index("messages_contact", "contact", "made_at"),
    Index("messages_owner", "owner", **_only("owner IS NOT NULL")),
    Index("messages_replaces", "replaces", **_only("replaces IS NOT NULL")),
    Index(
        "messages_secret", "made_at", postgresql_where=text(_UNMASKED), sqlite_where=text(_UNMASKED)
    ),
)

outbox = Table(
    "outbox",
    metadata,
    _serial(),
    Column("message", Clean, nullable=False),
    Column("contact", Clean, nullable=False),
    Column("number", Clean, nullable=False),
    Column("priority", Integer, nullable=False),  # smaller goes first
    Column("due", Instant, nullable=False),
    # The hours in which it may leave: `due` moves with retries, these do not.
    Column("first_due", Instant, nullable=False),
    Column("closes", Instant),
    Column("opener", Boolean, nullable=False),  # counts for the cap of marketing
    Column("session", Clean),  # whose texts leave in order; NULL for one that is sent again
    Column("order_key", Clean),  # the contact; NULL for a text that does not wait for others
    Column("expires", Instant),
    Column("passes_block", Boolean, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("first_try_at", Instant),  # of the present wire id
    Column("claimed_at", Instant),  # the engine's time of the last claim
    Column("lease_token", Clean),
    Column("lease_until", Float, nullable=False),  # the database's clock, seconds since 1970
    Column("held", Boolean, nullable=False),
    Column("owner", Clean),  # as of its message
    UniqueConstraint("message", name="outbox_message"),
    Index("outbox_claim", "priority", "due", "id"),
    Index("outbox_order", "order_key", "id"),
    Index("outbox_contact", "contact"),
    Index("outbox_owner", "owner", **_only("owner IS NOT NULL")),
    Index("outbox_lease", "lease_token", **_only("lease_token IS NOT NULL")),
    Index("outbox_held", "id", postgresql_where=text("held"), sqlite_where=text("held = 1")),
    sqlite_autoincrement=True,
)

# How many texts were handed out, for caps: a row for each moment or slice of time.
tallies = Table(
    "tallies",
    metadata,
    Column("scope", Clean, primary_key=True),  # such as marketing:+447700900123
    Column("at", Instant, primary_key=True, index=True),
    Column("texts", Integer, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    _serial(),
    Column("message", Clean, nullable=False, index=True),
    Column("wire_id", Clean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("verdict", Clean, nullable=False),
    Column("detail", Clean, nullable=False),
)

# What operators did, for whoever asks later; nothing changes or deletes a row.
actions = Table(
    "actions",
    metadata,
    _serial(),
    Column("at", Instant, nullable=False),
    Column("who", Clean, nullable=False),
    Column("what", Clean, nullable=False),
    Column("about", Clean, nullable=False),  # the message or the dead letter
    Column("detail", Clean, nullable=False),
)

# --- outside --------------------------------------------------------------------------------------

# What is to be done outside: calls of web services, actions in Python. A row goes with its result.
errands = Table(
    "errands",
    metadata,
    _serial("seq"),
    Column("id", Clean, nullable=False),  # also the Idempotency-Key
    Column("contact", Clean, nullable=False),
    Column("session", Clean, nullable=False),
    Column("serial", Integer, nullable=False),  # of the wait
    Column("kind", Clean, nullable=False),  # call, lookup, action
    Column("payload", Json, nullable=False),
    Column("due", Instant, nullable=False),
    Column("first_due", Instant, nullable=False),  # `due` moves with retries, this does not
    Column("expires", Instant, nullable=False),  # not begun after this
    Column("tries", Integer, nullable=False),
    Column("error", Clean),  # of the last try
    Column("lease_token", Clean),
    Column("lease_until", Float, nullable=False),  # the database's clock, seconds since 1970
    UniqueConstraint("id", name="errands_id"),
    Index("errands_due", "due", "seq"),
    Index("errands_lease", "lease_token"),
    Index("errands_failing", "seq", **_only("tries > 0")),
    sqlite_autoincrement=True,
)

# --- running it -----------------------------------------------------------------------------------

buckets = Table(
    "buckets",
    metadata,
    Column("provider", Clean, primary_key=True),
    Column("tokens", Float, nullable=False),  # segments; below 0 is a debt
    Column("at", Float, nullable=False),  # the database's clock, seconds since 1970
)

circuits = Table(
    "circuits",
    metadata,
    Column("provider", Clean, primary_key=True),
    Column("until", Instant, nullable=False),
    Column("reason", Clean, nullable=False),
)

# When each line of cron came last, so that it comes once whoever sweeps.
schedules = Table(
    "schedules",
    metadata,
    Column("key", Clean, primary_key=True),
    Column("at", Instant, nullable=False),
)

leaders = Table(
    "leaders",
    metadata,
    Column("name", Clean, primary_key=True),
    Column("holder", Clean, nullable=False),
    Column("until", Float, nullable=False),  # the database's clock, seconds since 1970
)
