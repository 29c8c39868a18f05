"""How commands for operators tell what they found: safe words, ages, who is at the keyboard."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from smsflow.cli.group import settings

if TYPE_CHECKING:
    from smsflow.store import Store


def safe(text: str, most: int = 200) -> str:
    """A text of somebody else's for a terminal: one line, nothing that moves the cursor."""
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    return shown if len(shown) <= most else f"{shown[:most]}... ({len(text)} characters)"


def age(since: datetime, now: datetime) -> str:
    """How long ago, in its largest unit, such as `3 h`."""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, length in (("days", 172_800), ("h", 7200), ("min", 120)):
        if seconds >= length:
            return f"{seconds // (length // 2)} {unit}"
    return f"{seconds} s"


def instant(moment: datetime | None) -> str | None:
    """A moment for programs: ISO 8601 in UTC."""
    return None if moment is None else moment.isoformat()


def length(_ctx: click.Context, _parameter: click.Parameter, value: str) -> timedelta:
    """The callback of an option that is a length of time, such as 90s, 5m, 2h or 2d."""
    from smsflow.engine.language.literals import parse_duration

    found = parse_duration(value)
    if found is None or found.days < 0 or found.seconds < 0:
        raise click.BadParameter(f"{value!r} is not a length of time such as 90s, 5m, 2h or 2d")
    return timedelta(days=found.days, seconds=found.seconds)


def by_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --by, the name that stands in the record of what operators did."""
    return click.option(
        "--by", default=_user, show_default="the system's user", help="Name for the record."
    )(command)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


@contextmanager
def opened_store(ctx: click.Context) -> Iterator[Store]:
    """The store of this project, with the schema of this release."""
    from smsflow.store import Store

    store = Store.connect(settings(ctx).database_url)
    try:
        store.check_schema()
        yield store
    finally:
        store.close()
