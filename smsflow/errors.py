"""The tree of errors, and how a mistake in a file is told.

    SmsflowError
    ├── ProjectInvalid     flows, templates or smsflow.yaml are wrong: every issue at once
    ├── SettingsInvalid    the environment or a command's options are wrong
    ├── WebhookRejected    a caller's mistake: a 4xx answer, nothing was written
    └── Conflict           somebody else is at it: try the job again later

Each name says what its catcher does next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a file: line and column count from 1, length in characters."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Issue:
    """One mistake in a file: the place, a code such as F203, a sentence, and the cure."""

    place: Place
    code: str
    message: str
    hint: str = ""
    level: str = "error"  # or "warning"

    def __str__(self) -> str:
        return f"{self.place}: {self.level} {self.code}: {self.message}"


class SmsflowError(Exception):
    """Base of all errors that smsflow raises on purpose."""


class ProjectInvalid(SmsflowError, ValueError):
    """Flows, templates or smsflow.yaml hold mistakes; `issues` has all of them."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("\n".join(str(issue) for issue in self.issues))


class SettingsInvalid(SmsflowError, ValueError):
    """A setting of the environment or the command line is wrong; the message names the cure."""


class WebhookRejected(SmsflowError):
    """A request that is answered with a 4xx `status` and writes nothing."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status}: {reason}")


class Conflict(SmsflowError):
    """Somebody else holds what this job needs; the sweep will bring it back."""
