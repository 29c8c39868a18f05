"""What smsflow is measured against: two-way SMS on Flask and RQ as tutorials build it.

The webhook puts one RQ job for each text into the default queue. The job stores the text, renders
the reply from a Jinja2 template, posts it to /sms/1/text/single, and stores the reply under the
provider's messageId. The webhook for reports puts one job for each report (or, with
BASELINE_REPORT_JOBS=push, one for each push), which sets the reply's status. Choices, so that the
comparison is fair:

- The web is served by granian with as many workers and threads as smsflow's.
- One SQLAlchemy engine and one pool of HTTP connections for each process. The ORM, a commit for
  each row stored. Same PostgreSQL, same driver, same Redis.
- RQ with its defaults. The worker has imported this module before it forks, as RQ's documentation
  advises: importing it anew in each fork would cost a multiple of the job itself.
- It keeps no promise that smsflow makes: nothing tells a redelivered text from a new one, a worker
  killed in mid-job loses or repeats a reply, Redis gone is texts lost. That is its head start.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import redis
import urllib3
from flask import Flask, request
from jinja2 import Environment
from rq import Queue
from sqlalchemy import create_engine, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

REPLY = "Hello {{ sender }}, we are open Mon-Sat 9:00-18:00. Reply STOP to opt out."

app = Flask(__name__)
connection = redis.Redis.from_url(os.environ["REDIS_URL"])
queue = Queue(connection=connection)
engine = create_engine(os.environ["DATABASE_URL"])
http = urllib3.PoolManager(maxsize=8)
template = Environment(autoescape=False).from_string(REPLY)  # noqa: S701  a text, not a page
headers = urllib3.make_headers(basic_auth="user:password") | {"Accept": "application/json"}


class Base(DeclarativeBase):
    """The tables."""


class MessageIn(Base):
    """A text that came in."""

    __tablename__ = "messages_in"
    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(index=True)
    receiver: Mapped[str]
    text: Mapped[str]
    received_at: Mapped[datetime]


class Reply(Base):
    """A reply of ours."""

    __tablename__ = "replies"
    id: Mapped[int] = mapped_column(primary_key=True)
    answers: Mapped[int]
    to: Mapped[str] = mapped_column(index=True)
    text: Mapped[str]
    provider_id: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    sent_at: Mapped[datetime]


@app.get("/mo")
def text_came_in() -> str:
    """The provider pushes a text."""
    given = request.args
    queue.enqueue(process_message, given["sender"], given["receiver"], given["text"])
    return "ok"


@app.post("/dlr")
def reports_came_in() -> str:
    """The provider pushes reports."""
    results = request.get_json()["results"]
    found = [(each["messageId"], each["status"]["name"]) for each in results]
    if os.environ.get("BASELINE_REPORT_JOBS") == "push":
        queue.enqueue(process_reports, found)
    else:
        for message_id, status in found:
            queue.enqueue(process_report, message_id, status)
    return "ok"


def process_message(sender: str, receiver: str, text: str) -> None:
    """Store a text, and answer it."""
    with Session(engine) as session:
        came = MessageIn(sender=sender, receiver=receiver, text=text, received_at=_now())
        session.add(came)
        session.commit()
        answer = template.render(sender=sender)
        sent = _send(receiver, sender, answer)
        session.add(
            Reply(
                answers=came.id,
                to=sender,
                text=answer,
                provider_id=sent["messageId"],
                status=sent["status"]["name"],
                sent_at=_now(),
            )
        )
        session.commit()


def process_report(message_id: str, status: str) -> None:
    """Store what became of a reply."""
    process_reports([(message_id, status)])


def process_reports(found: list[tuple[str, str]]) -> None:
    """Store what became of some replies, a commit for each."""
    with Session(engine) as session:
        for message_id, status in found:
            session.execute(
                update(Reply).where(Reply.provider_id == message_id).values(status=status)
            )
            session.commit()


def _send(sender: str, to: str, text: str) -> dict[str, Any]:
    body = {"from": sender, "to": to, "text": text}
    url = os.environ["SMS_URL"] + "/sms/1/text/single"
    answer = http.request("POST", url, json=body, headers=headers)
    if answer.status != 200:
        raise RuntimeError(f"the provider answered {answer.status}")
    message: dict[str, Any] = answer.json()["messages"][0]
    return message


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
