"""Copies of a contact and of sessions, as deep as a turn changes them."""

from __future__ import annotations

from dataclasses import replace

from smsflow.engine.state import Contact, Session, Waiting


def copied_contact(contact: Contact) -> Contact:
    """The contact, for a turn to change."""
    return replace(
        contact,
        fields=dict(contact.fields),
        groups=list(contact.groups),
        lists=list(contact.lists),
        starts=dict(contact.starts),  # the lists in it are replaced, never changed
        wrong=dict(contact.wrong),
        locked=dict(contact.locked),
        kept=list(contact.kept),
    )


def copied_session(session: Session) -> Session:
    """The session, for a turn to change."""
    return replace(
        session,
        variables=dict(session.variables),
        answers=dict(session.answers),
        visits=dict(session.visits),
        waiting=session.waiting and _copied_wait(session.waiting),
        aside=[_copied_wait(each) for each in session.aside],
        asked=list(session.asked),
    )


def _copied_wait(waiting: Waiting) -> Waiting:
    return replace(waiting, numbers=list(waiting.numbers), due=dict(waiting.due))
