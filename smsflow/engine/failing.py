"""What goes wrong in a flow."""

from __future__ import annotations

from smsflow.errors import Place


class FlowFailed(Exception):
    """A step can't be carried out: the session ends `failed`, with the reason in its trace."""

    def __init__(self, kind: str, message: str, place: Place | None) -> None:
        self.kind = kind
        self.message = message
        self.place = place
        super().__init__(message)
