"""The names that a template or an expression can read (flow-language section 1.5, Scopes)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from smsflow.engine.model import Flow, Project
from smsflow.engine.state import Contact, Session


def contact_scope(contact: Contact, project: Project, *, zone: str) -> dict[str, Any]:
    """`contact.*`: declared fields with their defaults, what was set, and what is always known."""
    return {
        **{name: field.default for name, field in project.fields.items()},
        **{name: value for name, value in contact.fields.items() if value is not None},
        "phone": contact.phone,
        "language": contact.language or project.languages[0],
        "timezone": zone,
        "groups": list(contact.groups),
        "subscribed": list(contact.lists),
    }


def session_scope(
    session: Session,
    flow: Flow,
    contact: Contact,
    project: Project,
    *,
    now: datetime,
    zone: str,
) -> dict[str, Any]:
    """Everything that a step of `session` can read; its variables stand under their bare names."""
    local = now.astimezone(ZoneInfo(zone))
    return {
        **session.variables,
        "contact": contact_scope(contact, project, zone=zone),
        "message": session.message,
        "trigger": session.trigger,
        "answers": session.answers,
        "last": session.last,
        "event": session.event,
        "error": session.error,
        "flow": {"name": flow.name, "version": flow.version, **flow.variables},
        "now": local,
        "today": local.date(),
    }


RESERVED = frozenset(
    ["contact", "message", "trigger", "answers", "last", "event", "error", "flow", "now", "today"]
)
