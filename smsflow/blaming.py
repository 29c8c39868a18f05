"""Whose fault an error is, and how it is told without the words of people."""

from __future__ import annotations

import traceback
from pathlib import Path

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from smsflow.errors import Conflict

# PostgreSQL's "program limit exceeded" comes as an OperationalError, and is a fault of the row.
_TOO_MUCH = "54"


def refuse_to_blame(error: Exception) -> None:
    """Raise Conflict when the database is out of reach, for then no row is at fault."""
    match error:
        case OperationalError() if str(getattr(error.orig, "sqlstate", "")).startswith(_TOO_MUCH):
            return
        case OperationalError() | InterfaceError():
            raise Conflict(f"the database is out of reach: {kind_of(error)}") from error
        case DBAPIError() if error.connection_invalidated:
            raise Conflict(f"the database is out of reach: {kind_of(error)}") from error
        case _:
            return


def kind_of(error: Exception) -> str:
    """The error and where it came up, without its words: those quote what people wrote."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
