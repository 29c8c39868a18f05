"""The client of PigeonHost's HTTP API: many texts in one request, and the logs as the last word.

The messageId is ours, so a request whose answer was lost can be repeated: the provider refuses the
id that it has seen. Whether it kept the first try is then asked of the logs.
Sources: manual, "Fully featured textual message" and "Getting SMS logs".
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from smsflow.errors import SettingsInvalid
from smsflow.providers import pigeonhost_answers as answers
from smsflow.providers import pigeonhost_push as push
from smsflow.providers.base import Capabilities, LogLine, LogsUnavailable, Unreadable
from smsflow.providers.dates import format_date
from smsflow.providers.transport import MaybeSent, NotSent, Response, Transport
from smsflow.providers.windows import lines_of
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Outgoing, Received, Report
from smsflow.sms.numbers import bare
from smsflow.sms.states import State

# Ids in one question to the logs: they stand in the URL, which proxies cut at some 8,000 octets.
_IDS_A_QUESTION = 50
_MOST_LINES = 1000  # the API's limit; its default of 50 would hide what repeated ids push out


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PigeonHost:
    """One account at PigeonHost. Keeps the contract of `smsflow.providers.base.Provider`."""

    capabilities = Capabilities(idempotent=True, batch=100)

    def __init__(
        self,
        name: str,
        url: str,
        user: str,
        password: str,
        *,
        transport: Transport,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """`url` is the base, such as https://api.sms.pigeonhost.com; raises SettingsInvalid."""
        self.name = name
        self._base = _checked(url)
        self._transport = transport
        self._now = now
        if ":" in user:
            raise SettingsInvalid("the provider's user has a colon, which Basic auth cannot carry")
        login = b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}

    def __repr__(self) -> str:
        return f"PigeonHost(name={self.name!r}, url={self._base!r})"

    def send(self, texts: Sequence[Outgoing]) -> list[Answer]:
        """Hand over texts in one request, and return one answer for each in the same order.

        A request that is refused for its content is repeated text by text, for one bad text must
        not cost the others. Raises ValueError for more texts than a batch may have.
        """
        if len(texts) > self.capabilities.batch:
            raise ValueError(f"{len(texts)} texts, and a batch has {self.capabilities.batch}")
        if not texts:
            return []
        outcome = self._submit(texts)
        if isinstance(outcome, list):
            return outcome
        if outcome.verdict is Verdict.REJECTED and len(texts) > 1:
            return self._send_one_by_one(texts)
        return [outcome] * len(texts)

    def settle(self, wire_ids: Sequence[str]) -> dict[str, Answer]:
        """Return what the logs (48 hours) know of each wire id; unknown ids are absent.

        When the logs cannot be asked, the ids are AMBIGUOUS: ask again later.
        """
        found: dict[str, Answer] = {}
        for start in range(0, len(wire_ids), _IDS_A_QUESTION):
            outcome = self._look_up(wire_ids[start : start + _IDS_A_QUESTION])
            if isinstance(outcome, Answer):
                return found | dict.fromkeys(wire_ids[start:], outcome)
            found |= outcome
        return found

    def logs(self, since: datetime, until: datetime) -> Iterator[LogLine]:
        """Yield the logs' lines (48 hours) from `since` to `until`, whatever their number.

        The API gives 1,000 lines at most and no pages, so a window that is full is asked in halves.
        """
        return lines_of(self._window, since, until, most=_MOST_LINES)

    def parse_mo_get(
        self, query: Mapping[str, str], names: Mapping[str, str] | None = None
    ) -> list[Received | Unreadable]:
        """Read a text pushed as a GET; `names` maps the manual's parameters to the URL's."""
        return push.read_mo_get(query, names or {})

    def parse_mo_post(self, body: bytes, content_type: str) -> list[Received | Unreadable]:
        """Read texts pushed as a POST."""
        return push.read_mo_post(body, content_type)

    def parse_dlr(self, body: bytes, content_type: str) -> list[Report | Unreadable]:
        """Read the reports that were pushed to a text's notify URL."""
        return push.read_dlr(body, content_type)

    def _submit(self, texts: Sequence[Outgoing]) -> list[Answer] | Answer:
        """One request: an answer for each text, or one for all when the request failed."""
        url = f"{self._base}/sms/1/text/advanced"
        body = json.dumps({"messages": [_message(text) for text in texts]}, separators=(",", ":"))
        try:
            response = self._transport.request(
                "POST", url, self._headers | {"Content-Type": "application/json"}, body.encode()
            )
        except NotSent as error:
            return answers.not_sent(str(error))
        except MaybeSent as error:
            return answers.ambiguous(str(error))
        if _succeeded(response):
            return answers.read_submit(texts, response.body)
        return answers.read_refusal(response, url, self._now())

    def _send_one_by_one(self, texts: Sequence[Outgoing]) -> list[Answer]:
        """A request for each text, as long as the provider is there to judge them."""
        told: list[Answer] = []
        for text in texts:
            outcome = self._submit([text])
            if isinstance(outcome, list):
                told += outcome
                continue
            told.append(outcome)
            if outcome.verdict is not Verdict.REJECTED:
                untried = _untried(outcome)
                return told + [untried] * (len(texts) - len(told))
        return told

    def _window(self, since: datetime, until: datetime) -> list[LogLine | None]:
        """One question to the logs: what was sent between two instants; None for a duplicate."""
        url = f"{self._base}/sms/1/logs"
        given = {"sentSince": format_date(since), "sentUntil": format_date(until)}
        query = urlencode({**given, "limit": _MOST_LINES})
        try:
            response = self._transport.request("GET", f"{url}?{query}", self._headers, None)
        except (NotSent, MaybeSent) as error:
            raise LogsUnavailable(f"the logs of {self.name} cannot be asked: {error}") from error
        if not _succeeded(response):
            detail = answers.read_refusal(response, url, self._now()).detail
            raise LogsUnavailable(f"the logs of {self.name} cannot be asked: {detail}")
        lines = answers.read_lines(response.body)
        if lines is None:
            raise LogsUnavailable(f"the answer of the logs of {self.name} cannot be read")
        return lines

    def _look_up(self, wire_ids: Sequence[str]) -> dict[str, Answer] | Answer:
        """What the logs know of some ids, or one AMBIGUOUS answer when they can't be asked."""
        url = f"{self._base}/sms/1/logs"
        query = urlencode(
            [("messageId", wire_id) for wire_id in wire_ids] + [("limit", _MOST_LINES)]
        )
        try:
            response = self._transport.request("GET", f"{url}?{query}", self._headers, None)
        except (NotSent, MaybeSent) as error:
            return answers.ambiguous(f"the logs cannot be asked: {error}")
        if not _succeeded(response):
            refusal = answers.read_refusal(response, url, self._now())
            return answers.ambiguous(
                f"the logs cannot be asked: {refusal.detail}", refusal.retry_after
            )
        found = answers.read_logs(set(wire_ids), response.body)
        return answers.ambiguous("the logs' answer cannot be read") if found is None else found


def _message(text: Outgoing) -> dict[str, object]:
    """One entry of `messages`; parameters by the manual, "Fully featured textual message"."""
    entry: dict[str, object] = {
        "from": bare(text.sender),
        "destinations": [{"to": bare(text.to), "messageId": text.wire_id}],
        "text": text.text,
    }
    if text.report_url is not None:
        entry["notifyUrl"] = text.report_url
        entry["notifyContentType"] = "application/json"
        entry["intermediateReport"] = True  # a handset that is away is told of at once
    if text.validity_minutes is not None:
        entry["validityPeriod"] = text.validity_minutes
    return entry


def _untried(outcome: Answer) -> Answer:
    """The answer for a text that was not tried since the request before it had `outcome`."""
    stops = (Verdict.UNAUTHORIZED, Verdict.THROTTLED)
    verdict = outcome.verdict if outcome.verdict in stops else Verdict.NOT_SENT
    return replace(
        outcome, verdict=verdict, state=State.QUEUED, detail=f"not tried after: {outcome.detail}"
    )


def _succeeded(response: Response) -> bool:
    return 200 <= response.status < 300


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
