"""`smsflow trace`: what happened in a session, or with a contact, line by line."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from smsflow.cli.explaining import FORMAT, place_json
from smsflow.cli.group import settings_folder, smsflow
from smsflow.cli.telling import instant, opened_store, safe

if TYPE_CHECKING:
    from datetime import datetime

    from smsflow.engine.state import Session
    from smsflow.store import Store
    from smsflow.store.rows import Message, TraceLine

CANDIDATES = 10  # sessions that are named when a prefix fits several
SESSIONS = 1000  # of one contact


@smsflow.command()
@click.argument("which", metavar="SESSION|NUMBER")
@FORMAT
@click.pass_context
def trace(ctx: click.Context, which: str, form: str) -> None:
    """Tell what happened in a SESSION, or with a NUMBER.

    The beginning of a session's id is enough when no other begins so. Times are those of the
    contact's own zone. One-time codes are masked: they are kept nowhere.
    """
    with opened_store(ctx) as store:
        phone, sessions, lines = _found(ctx, store, which)
        zone = _zone(ctx, store, phone)
        messages, due = store.messages_of(phone), store.waits_until(phone)
    told = list(_with_messages(lines, messages))
    if form == "json":
        content = {
            "contact": phone,
            "timezone": zone,
            "sessions": [_session_json(each) for each in sessions],
            "lines": [_line_json(line, message, due) for line, message in told],
        }
        click.echo(json.dumps(content, ensure_ascii=False))
    else:
        _print(phone, sessions, told, due, ZoneInfo(zone))


def _found(
    ctx: click.Context, store: Store, which: str
) -> tuple[str, list[Session], list[TraceLine]]:
    """The contact, the sessions and the lines that are meant; code 1 when there are none."""
    if not which.startswith("+"):
        found = store.sessions_like(which.lower(), CANDIDATES) if which else []
        if len(found) == 1:
            phone, session = found[0]
            return phone, [session], store.trace(session.id)
        if found:
            _refuse(ctx, f"several sessions begin with {which}; the latest:", found)
    phone = _phone(which)
    lines = store.trace_of(phone) if phone else []
    if not lines:
        _refuse(ctx, f"nothing is known of a session or contact {safe(which)}", [])
    known = [session for _, session in reversed(store.sessions_of(phone, SESSIONS))]
    return phone, known, lines


def _phone(which: str) -> str:
    from smsflow.sms.numbers import normalise

    try:
        return normalise(which)
    except ValueError:
        return ""


def _refuse(ctx: click.Context, why: str, found: list[tuple[str, Session]]) -> None:
    click.echo(f"smsflow: {why}", err=True)
    for phone, session in found:
        click.echo(f"  {session.id}  {session.flow}  {phone}", err=True)
    ctx.exit(1)


def _zone(ctx: click.Context, store: Store, phone: str) -> str:
    """The contact's zone; the project's files may hold mistakes, for this is about the past."""
    from smsflow.engine import policy
    from smsflow.extending import load_folder

    project = load_folder(settings_folder(ctx)).project
    known = store.conversation(phone).contact.timezone
    return policy.zone_of(phone, known=known, project=project.timezone if project else "UTC")


def _with_messages(
    lines: list[TraceLine], messages: list[Message]
) -> Iterator[tuple[TraceLine, Message | None]]:
    """Each line, those of sent texts with what became of the text."""
    sent: dict[tuple[object, ...], list[Message]] = defaultdict(list)
    for message in messages:
        if message.replaces is None:  # a resend has no line of its own that says `send`
            sent[message.session, message.step, message.made_at].append(message)
    for line in lines:
        texts = sent[line.session, line.step, line.at] if line.what == "send" else []
        yield line, texts.pop(0) if texts else None


# --- telling --------------------------------------------------------------------------------------


def _print(
    phone: str,
    sessions: list[Session],
    told: list[tuple[TraceLine, Message | None]],
    due: Mapping[str, datetime],
    zone: ZoneInfo,
) -> None:
    for session in sessions:
        click.secho(_head(session, phone), bold=True)
    flows = {session.id: session.flow for session in sessions}
    single = len(sessions) == 1 and all(line.session for line, _ in told)
    width = 0 if single else max([len(name) for name in flows.values()] or [0])
    day = ""
    for line, message in told:
        local = line.at.astimezone(zone)
        if (today := f"{local:%a %d %b %Y}") != day:
            day = today
            click.secho(f"{day} ({zone.key})", dim=True)
        flow = "" if single else f"{flows.get(line.session or '', '-'):<{width}} "
        place = f"  {line.place}" if line.place else ""
        click.echo(
            f" {local:%H:%M:%S} {flow}{line.what:<8} {_detail(line, message, due, zone)}{place}"
        )


def _head(session: Session, phone: str) -> str:
    key = f"  key {safe(session.key)}" if session.key else ""
    if session.outcome is not None:
        state = f"outcome: {session.outcome}"
    elif session.waiting is not None:
        state = f"waits at '{session.waiting.step}'"
    else:
        state = "queued"
    flow = f"{session.flow}@{session.version}"
    return f"{session.id} {flow}  {phone}  {session.language}{key}  {state}"


def _detail(
    line: TraceLine, message: Message | None, due: Mapping[str, datetime], zone: ZoneInfo
) -> str:
    if message is None:
        return safe(line.detail, 100 if line.what != "error" else 300)
    parts = f"{message.segments} part{'' if message.segments == 1 else 's'}"
    state = f"{message.state}{_until(message, line.at, due, zone)}{_why(message)}"
    return f'"{safe(line.detail, 100)}" {parts} via {message.number}, {state}'


def _until(message: Message, made_at: datetime, due: Mapping[str, datetime], zone: ZoneInfo) -> str:
    """Until when a text is held, as by quiet hours or a cap; trouble with one is soon over."""
    leaves = due.get(message.id)
    if leaves is None or leaves <= made_at or message.error:
        return ""
    return f" until {leaves.astimezone(zone):%a %d %b %H:%M}"


def _why(message: Message) -> str:
    """The provider's words for a text that has not simply arrived, and what may help."""
    from smsflow.providers.words import told
    from smsflow.sms.states import State

    if message.state in (State.ACCEPTED, State.DELIVERED):
        return ""
    said = told(message.status, message.error)
    help_ = f" ({said.help})" if said.help else ""
    return f": {safe(said.words, 100)}{help_}" if said.words else ""


def _session_json(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "flow": session.flow,
        "version": session.version,
        "key": session.key,
        "language": session.language,
        "started_at": instant(session.started_at),
        "ended_at": instant(session.ended_at),
        "outcome": session.outcome,
        "waits_at": session.waiting.step if session.waiting else None,
    }


def _message_json(message: Message) -> dict[str, Any]:
    from smsflow.providers.words import told

    said = told(message.status, message.error)
    return {
        "id": message.id,
        "number": message.number,
        "parts": message.segments,
        "state": str(message.state),
        "status": message.status,
        "error": message.error,
        "words": said.words,
        "retry": said.retry,
        "advice": said.advice,
        "fault": said.fault,
    }


def _line_json(
    line: TraceLine, message: Message | None, due: Mapping[str, datetime]
) -> dict[str, Any]:
    sent = message and {**_message_json(message), "due": instant(due.get(message.id))}
    return {
        "at": instant(line.at),
        "session": line.session,
        "step": line.step,
        "what": line.what,
        "detail": line.detail,
        "place": place_json(line.place),
        "message": sent,
    }
