"""Logging, set up in one place: JSON lines for machines, readable lines in a terminal.

What people text ends up in records, and so does what other libraries say. Whatever it is, a record
of JSON is one line, and nothing in a record can move a terminal's cursor.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Libraries that tell of each job and each request on INFO; their troubles are still told.
_CHATTY = ("rq", "urllib3", "alembic", "granian.access", "werkzeug")


def configure(*, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send all records of this process, those of libraries too, to `stream` (stderr)."""
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_ending(stream)],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # so that a later call still counts
    )


def _ending(stream: TextIO) -> list[Processor]:
    """The last processors of a record: how it is printed."""
    if stream.isatty():
        # A plain traceback: one that shows variables would show texts and secrets.
        return [
            escape,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(sort_keys=False),
    ]


def escape(_logger: WrappedLogger, _method: str, record: EventDict) -> EventDict:
    """The record with every control character and every invisible sign of order written out."""
    return {key: _escaped(value) for key, value in record.items()}


def _escaped(value: object) -> object:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in value)
