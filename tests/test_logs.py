"""Records of the log: one line each, whatever is in them."""

from __future__ import annotations

import io
import json
import logging

import structlog

from smsflow import logs

NASTY = 'STOP\r\n{"event": "forged"}\x1b[2J\u202e'


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_record_is_one_line_of_json() -> None:
    """A text with line breaks can't write a record of its own."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    structlog.get_logger("smsflow.web").warning("unreadable", text=NASTY)
    (line,) = stream.getvalue().splitlines()
    record = json.loads(line)
    assert record["text"] == NASTY
    assert (record["event"], record["level"]) == ("unreadable", "warning")


def test_records_of_libraries_go_the_same_way() -> None:
    """RQ and others use the standard library's logging; theirs are JSON too."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    logging.getLogger("rq.worker").error("lost %s", NASTY)
    logging.getLogger("rq").info("a job was done")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == f"lost {NASTY}"


def test_an_exception_is_part_of_its_record() -> None:
    """The traceback stands in the record, so that it is still one line."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    try:
        raise ValueError(NASTY)
    except ValueError:
        structlog.get_logger("smsflow").exception("row_failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError" in json.loads(line)["exception"]


def test_a_terminal_is_safe_from_what_people_text() -> None:
    """No control character of a text reaches the terminal."""
    stream = _Terminal()
    logs.configure(stream=stream)
    structlog.get_logger("smsflow").info("text", text=NASTY, short="a\x1b[2Jb\u202e")
    logging.getLogger("rq.worker").error("lost %s", NASTY)
    told = stream.getvalue()
    assert told.count("\n") == 2
    assert "\x1b[2J" not in told
    assert "\u202e" not in told
