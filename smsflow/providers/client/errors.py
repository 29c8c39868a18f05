"""What a call of the provider's API can end with instead of an answer.

`NotSent` and `MaybeSent` of the transport pass through: whether a request can have arrived is what
a caller has to know before it calls again.
"""

from __future__ import annotations

from smsflow.errors import SmsflowError
from smsflow.providers.transport import MaybeSent


class Refused(SmsflowError):
    """The provider, or a proxy on the way, answered with another status than 2xx."""

    def __init__(
        self, status: int, name: str, said: str, *, url: str, retry_after: float | None
    ) -> None:
        super().__init__(f"HTTP {status}" + (f": {said}" if said else ""))
        self.status = status  # of HTTP
        self.name = name  # such as UNAUTHORIZED; "" when the body has no service exception
        self.said = said  # the service exception's own text
        self.url = url  # without query: it may be shown
        self.retry_after = retry_after  # seconds, when the answer asked for it


class AnswerUnreadable(MaybeSent):
    """A 2xx answer came whose body is none of this API; what was asked for may have been done."""

    def __init__(self, reason: str, body: bytes) -> None:
        super().__init__(f"the answer could not be read: {reason}")
        self.body = body
