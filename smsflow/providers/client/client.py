"""The calls of the provider's HTTP API, one method each.

Every method raises NotSent (the request surely did not arrive), MaybeSent (nobody knows; an answer
that can't be read is one of these, AnswerUnreadable) or Refused (another status than 2xx).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

from smsflow.errors import SettingsInvalid
from smsflow.providers import content
from smsflow.providers.client import reading
from smsflow.providers.client.errors import AnswerUnreadable, Refused
from smsflow.providers.client.forms import (
    FullText,
    LogFilter,
    PlainText,
    SpeedLimit,
    Tree,
    tracking_tree,
)
from smsflow.providers.client.values import (
    Balance,
    Bulk,
    LogEntry,
    Lookup,
    Preview,
    ReceivedTexts,
    Submitted,
    TextReport,
)
from smsflow.providers.content import Format
from smsflow.providers.dates import format_date
from smsflow.providers.transport import HttpTransport, Response, Transport, retry_after
from smsflow.sms.encoding.alphabets import Language
from smsflow.sms.encoding.transliteration import Transliteration
from smsflow.sms.messages import Tracking
from smsflow.sms.numbers import bare

MOST_NUMBERS = 1000  # in one lookup

T = TypeVar("T")
Query = Sequence[tuple[str, str]]


class Login(Protocol):
    """What proves whose account it is."""

    def header(self) -> str:
        """The value of the Authorization header."""


@dataclass(frozen=True, slots=True)
class Basic:
    """User and password; manual, "Authorization". SettingsInvalid for a colon in the user."""

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if ":" in self.user:
            raise SettingsInvalid("the provider's user has a colon, which Basic auth cannot carry")

    def header(self) -> str:
        """The value of the Authorization header."""
        return f"Basic {b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class AppKey:
    """A key of the account."""

    key: str = field(repr=False)

    def header(self) -> str:
        """The value of the Authorization header."""
        return f"App {self.key}"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Client:
    """One account. Threads may share it."""

    def __init__(
        self,
        url: str,
        login: Login,
        *,
        format: Format = Format.JSON,  # noqa: A002 - the word that smsflow.yaml has for it
        transport: Transport | None = None,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """`url` is the base, such as https://api.sms.pigeonhost.com; raises SettingsInvalid."""
        self._base = _checked(url)
        self._format = format
        self._transport = transport or HttpTransport()
        self._now = now
        self._headers = {"Authorization": login.header(), "Accept": format.content_type}

    def __repr__(self) -> str:
        return f"Client(url={self._base!r})"

    # --- sending ----------------------------------------------------------------------------------

    def send_single(self, text: PlainText) -> Submitted:
        """Send one text to one number or several; manual, "Send SMS"."""
        return self._sends("/sms/1/text/single", text.tree())

    def send_multi(self, texts: Sequence[PlainText]) -> Submitted:
        """Send several texts at once; manual, "Multiple SMS to multiple destinations"."""
        return self._sends("/sms/1/text/multi", {"messages": [text.tree() for text in texts]})

    def send_advanced(
        self,
        texts: Sequence[FullText],
        *,
        bulk_id: str | None = None,
        tracking: Tracking | None = None,
        speed: SpeedLimit | None = None,
    ) -> Submitted:
        """Send texts with all their parameters; manual, "Fully featured textual message"."""
        tree: Tree = {} if bulk_id is None else {"bulkId": bulk_id}
        tree["messages"] = [text.tree() for text in texts]
        if tracking is not None:
            tree["tracking"] = tracking_tree(tracking)
        if speed is not None:
            tree["sendingSpeedLimit"] = speed.tree()
        return self._sends("/sms/1/text/advanced", tree)

    def preview(
        self,
        text: str,
        *,
        language: Language | None = None,
        transliteration: Transliteration | None = None,
    ) -> tuple[Preview, ...]:
        """The ways in which a text could be sent, and in how many parts; nothing is sent."""
        tree: Tree = {"text": text}
        if language is not None:
            tree["languageCode"] = language.value
        if transliteration is not None:
            tree["transliteration"] = transliteration.value
        return self._ask("POST", "/sms/1/preview", reading.previews, tree=tree)

    # --- what became of texts ---------------------------------------------------------------------

    def reports(
        self, *, bulk_id: str | None = None, message_id: str | None = None, limit: int | None = None
    ) -> tuple[TextReport, ...]:
        """Pull reports that were not pulled yet, 50 without a limit; each is given out once."""
        return self._ask(
            "GET", "/sms/1/reports", reading.reports, query=_reports(bulk_id, message_id, limit)
        )

    def reports_as_told(self, *, limit: int | None = None) -> Response:
        """Pull reports, and return the answer unread: since they are given out once, a caller who
        must not lose one keeps the bytes."""
        return self.request("GET", "/sms/1/reports", query=_reports(None, None, limit))

    def logs(self, filter_: LogFilter | None = None) -> tuple[LogEntry, ...]:
        """Lines of the logs, which reach back 48 hours; the same ones as often as one asks."""
        query = (filter_ or LogFilter()).query()
        return self._ask("GET", "/sms/1/logs", reading.log_entries, query=query)

    # --- texts that came in -----------------------------------------------------------------------

    def received(self, *, limit: int | None = None) -> ReceivedTexts:
        """Pull texts that came in; each is given out once."""
        query = _given(limit=limit)
        return self._ask("GET", "/sms/1/inbox/reports", reading.received, query=query)

    def received_as_told(self, *, limit: int | None = None) -> Response:
        """Pull texts that came in, and return the answer unread, as `reports_as_told`."""
        return self.request("GET", "/sms/1/inbox/reports", query=_given(limit=limit))

    def received_logs_as_told(
        self, since: datetime, until: datetime, *, limit: int | None = None
    ) -> Response:
        """The history of texts that came in, unread; the same ones as often as one asks."""
        query = _given(
            limit=limit, receivedSince=format_date(since), receivedUntil=format_date(until)
        )
        return self.request("GET", "/sms/1/inbox/logs", query=query)

    # --- numbers ----------------------------------------------------------------------------------

    def lookup(self, numbers: Sequence[str]) -> tuple[Lookup, ...]:
        """What is known of at most 1,000 numbers; manual, "Number lookup". ValueError for more."""
        if len(numbers) > MOST_NUMBERS:
            raise ValueError(f"{len(numbers)} numbers, and a lookup has {MOST_NUMBERS}")
        tree: Tree = {"to": [bare(number) for number in numbers]}
        return self._ask("POST", "/number/1/query", reading.lookups, tree=tree)

    # --- scheduled requests, and the account ------------------------------------------------------

    def bulk(self, bulk_id: str) -> Bulk:
        """When a scheduled request's texts are to leave."""
        return self._ask("GET", "/sms/1/bulks", reading.bulk, query=_given(bulkId=bulk_id))

    def reschedule(self, bulk_id: str, send_at: datetime) -> Bulk:
        """Let a scheduled request's texts leave at another time."""
        tree: Tree = {"sendAt": format_date(send_at)}
        query = _given(bulkId=bulk_id)
        return self._ask("PUT", "/sms/1/bulks", reading.bulk, query=query, tree=tree)

    def bulk_status(self, bulk_id: str) -> str:
        """PENDING, PAUSED, PROCESSING, CANCELED, FINISHED or FAILED."""
        query = _given(bulkId=bulk_id)
        return self._ask("GET", "/sms/1/bulks/status", reading.bulk_status, query=query)

    def set_bulk_status(self, bulk_id: str, status: str) -> str:
        """Let a scheduled request wait (PAUSED), go on (PENDING) or never leave (CANCELED)."""
        query, tree = _given(bulkId=bulk_id), {"status": status}
        return self._ask("PUT", "/sms/1/bulks/status", reading.bulk_status, query=query, tree=tree)

    def balance(self) -> Balance:
        """What is left on the account."""
        return self._ask("GET", "/account/1/balance", reading.balance)

    # --- asking -----------------------------------------------------------------------------------

    def request(
        self, method: str, path: str, *, query: Query = (), tree: Mapping[str, object] | None = None
    ) -> Response:
        """One request, and its answer when that is a 2xx."""
        url = self._base + path
        headers, body = self._headers, None
        if tree is not None:
            headers = headers | {"Content-Type": self._format.content_type}
            body = content.write(tree, self._format)
        where = f"{url}?{urlencode(query)}" if query else url
        response = self._transport.request(method, where, headers, body)
        if 200 <= response.status < 300:
            return response
        name, said = self._service_exception(response)
        wait = retry_after(response.headers, self._now())
        raise Refused(response.status, name, said, url=url, retry_after=wait)

    def tree_of(self, response: Response) -> object:
        """The tree of an answer, by what it says it is and else by what was asked for."""
        told = response.headers.get("content-type", "")
        known = "json" in told.lower() or "xml" in told.lower()
        return content.read(response.body, Format.of(told) if known else self._format)

    def _sends(self, path: str, tree: Tree) -> Submitted:
        return self._ask("POST", path, reading.submitted, tree=tree)

    def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[object], T],
        *,
        query: Query = (),
        tree: Mapping[str, object] | None = None,
    ) -> T:
        response = self.request(method, path, query=query, tree=tree)
        try:
            return read(self.tree_of(response))
        except ValueError as error:
            raise AnswerUnreadable(str(error), response.body) from None

    def _service_exception(self, response: Response) -> tuple[str, str]:
        """The name and the text of a refused request, "" for what is missing."""
        try:
            tree = self.tree_of(response)
        except ValueError:
            return "", ""
        for key in ("requestError", "serviceException"):
            tree = tree.get(key) if isinstance(tree, dict) else None
        if not isinstance(tree, dict):
            return "", ""
        name, said = tree.get("messageId"), tree.get("text")
        return (
            name[:100] if isinstance(name, str) else "",
            said[:200] if isinstance(said, str) else "",
        )


def _reports(
    bulk_id: str | None, message_id: str | None, limit: int | None
) -> list[tuple[str, str]]:
    return _given(bulkId=bulk_id, messageId=message_id, limit=limit)


def _given(**told: str | int | None) -> list[tuple[str, str]]:
    """Parameters of a URL, without those that are None."""
    return [(name, str(value)) for name, value in told.items() if value is not None]


def _checked(url: str) -> str:
    """The base URL without its last slash; raises SettingsInvalid, and never shows a secret."""
    cure = "write it as https://api.sms.pigeonhost.com, with user and password apart"
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for what is no port
    except ValueError:
        raise SettingsInvalid(f"the provider's url is not a URL: {cure}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsInvalid(f"the provider's url is not an http(s) URL: {cure}")
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingsInvalid(f"the provider's url has more than host and path: {cure}")
    return url.rstrip("/")
