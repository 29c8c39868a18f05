"""A provider that is declared, not programmed: any gateway that takes a text in one HTTP request.

It keeps the contract with what such gateways have in common, which is little: no ids of ours that
they would drop a second time, and no logs. So a try whose answer never came is AMBIGUOUS and stays
with an operator, and nothing is settled. Tried with Kannel's sendsms (docs/providers.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape

from smsflow.engine.model.gateway import PLACEHOLDER, AnswerRule, Gateway
from smsflow.errors import SettingsInvalid, WebhookRejected
from smsflow.providers import content
from smsflow.providers import pigeonhost_push as push
from smsflow.providers.base import Capabilities, LogLine, LogsUnavailable, Unreadable
from smsflow.providers.content import Format
from smsflow.providers.dates import parse_date
from smsflow.providers.transport import MaybeSent, NotSent, Response, Transport, retry_after
from smsflow.providers.turns import in_turn
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.encoding import Alphabet, alphabet_of
from smsflow.sms.messages import Outgoing, Received, Report
from smsflow.sms.numbers import bare, normalise
from smsflow.sms.states import State

MOST_REPORTS = 1000  # in one push

_LONGEST_SAID = 200  # characters of an answer that operators are shown


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HttpGateway:
    """One account at a gateway. Keeps the contract of `smsflow.providers.base.Provider`."""

    capabilities = Capabilities(idempotent=False, batch=20, logs_kept=timedelta())

    def __init__(
        self,
        name: str,
        url: str,
        gateway: Gateway,
        user: str = "",
        password: str = "",
        *,
        transport: Transport,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """`url` is where texts are handed over; raises SettingsInvalid."""
        self.name = name
        self._url = _checked(name, url)
        self._gateway = gateway
        self._login = {"user": user, "password": password}
        self._transport = transport
        self._now = now

    def __repr__(self) -> str:
        return f"HttpGateway(name={self.name!r}, url={self._url!r})"

    # --- sending ----------------------------------------------------------------------------------

    def send(self, texts: Sequence[Outgoing]) -> list[Answer]:
        """Hand over texts, a request each; after one that nobody judged the rest is not tried.

        Raises ValueError for more texts than a batch may have.
        """
        if len(texts) > self.capabilities.batch:
            raise ValueError(f"{len(texts)} texts, and a batch has {self.capabilities.batch}")
        return in_turn([[text] for text in texts], self._submit, self._now)

    def _submit(self, texts: Sequence[Outgoing]) -> list[Answer]:
        return [self._answer(text) for text in texts]

    def _answer(self, text: Outgoing) -> Answer:
        gateway, values = self._gateway, self._login | _values(text)
        url = self._url
        if query := _filled(gateway.query, values):
            url += f"?{urlencode(query)}"
        headers = _filled(gateway.headers, values)
        body = None
        if form := _filled(gateway.form, values):
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            body = urlencode(form).encode()
        elif gateway.body:
            body = _body(gateway.body, values, _header(headers, "content-type")).encode()
        try:
            response = self._transport.request(gateway.method, url, headers, body)
        except NotSent as error:
            return Answer(Verdict.NOT_SENT, State.QUEUED, detail=str(error), unreached=True)
        except MaybeSent as error:
            return _ambiguous(str(error))
        return self._judged(response)

    def _judged(self, response: Response) -> Answer:
        """What an answer means, as it is declared; else what HTTP says of its status."""
        gateway, wait = self._gateway, retry_after(response.headers, self._now())
        body = response.body.decode("utf-8", "replace")
        said = f"HTTP {response.status}: {body[:_LONGEST_SAID].strip()}"
        if _fits(gateway.accepted, response.status, body):
            theirs = _found(gateway.message_id, body)
            detail = f"its id there is {theirs}" if theirs else ""
            return Answer(Verdict.ACCEPTED, State.ACCEPTED, detail=detail)
        if gateway.later and _fits(gateway.later, response.status, body):
            return Answer(Verdict.NOT_SENT, State.QUEUED, detail=said, retry_after=wait)
        if gateway.rejected and _fits(gateway.rejected, response.status, body):
            return Answer(Verdict.REJECTED, State.REJECTED, detail=said)
        match response.status:
            case 401 | 403:
                return Answer(Verdict.UNAUTHORIZED, State.QUEUED, detail=said, retry_after=wait)
            case 429:
                return Answer(Verdict.THROTTLED, State.QUEUED, detail=said, retry_after=wait)
            case 400 | 413 | 422:
                return Answer(Verdict.REJECTED, State.REJECTED, detail=said)
            case status if 300 <= status < 500 and status != 408:
                detail = f"{said} at {self._url}: check the provider's url"
                return Answer(Verdict.NOT_SENT, State.QUEUED, detail=detail)
            case _:
                return _ambiguous(said)

    # --- what became of texts ---------------------------------------------------------------------

    def settle(self, wire_ids: Sequence[str]) -> dict[str, Answer]:  # noqa: ARG002 - none is known
        """Return nothing, for such a provider remembers nothing."""
        return {}

    def logs(self, since: datetime, until: datetime) -> Iterator[LogLine]:  # noqa: ARG002 - none
        """Raise LogsUnavailable: there are no logs."""
        raise LogsUnavailable(f"{self.name} has no logs that could be asked")

    # --- pushed -----------------------------------------------------------------------------------

    def parse_mo_get(
        self, query: Mapping[str, str], names: Mapping[str, str] | None = None
    ) -> list[Received | Unreadable]:
        """Read a text pushed as a GET; `names` maps sender, text ... to the URL's."""
        return push.read_mo_get(query, names or {}, date=_date)

    def parse_mo_post(
        self, body: bytes, content_type: str, names: Mapping[str, str] | None = None
    ) -> list[Received | Unreadable]:
        """Read texts pushed as a POST of a form, JSON or XML, with the same names."""
        found: list[Received | Unreadable] = []
        for index, fields in enumerate(_entries(body, content_type, self._gateway.texts)):
            try:
                (one,) = push.read_mo_get(fields, names or {}, date=_date)
            except WebhookRejected as rejected:  # one bad text must not cost the others
                one = Unreadable(index, rejected.reason, push.raw(fields))
            found.append(replace(one, index=index) if isinstance(one, Unreadable) else one)
        return found

    def parse_dlr_get(self, query: Mapping[str, str]) -> list[Report | Unreadable]:
        """Read a report pushed as a GET, by the names that are declared."""
        return [self._report(0, query)]

    def parse_dlr(self, body: bytes, content_type: str) -> list[Report | Unreadable]:
        """Read reports pushed as a POST of a form, JSON or XML."""
        report = self._gateway.report
        entries = _entries(body, content_type, report.list if report else "")
        return [self._report(index, entry) for index, entry in enumerate(entries)]

    def _report(self, index: int, fields: Mapping[str, str]) -> Report | Unreadable:
        names = self._gateway.report
        if names is None:
            raise WebhookRejected(404, f"smsflow.yaml declares no report of {self.name}")
        told = {key: fields.get(name, "").strip() for key, name in _named(names)}
        try:
            for key in ("id", "to", "status"):
                if not told[key]:
                    raise ValueError(f"{getattr(names, key)!r} is missing")
            states = {word.lower(): state for word, state in names.states.items()}
            return Report(
                wire_id=push.clean(told["id"]),
                to=normalise(push.clean(told["to"])),
                # A word that nobody declared is not final: a later one can overrule it.
                state=State(states.get(told["status"].lower(), State.PENDING)),
                status=push.clean(told["status"])[:100],
                error=push.clean(told["error"])[:100] or None,
            )
        except ValueError as error:
            return Unreadable(index, str(error), push.raw(dict(fields)))


def _named(names: object) -> list[tuple[str, str]]:
    return [(key, getattr(names, key)) for key in ("id", "to", "status", "error")]


# --- the request ----------------------------------------------------------------------------------


def _values(text: Outgoing) -> dict[str, str | None]:
    """What the placeholders stand for; None for what this text does not have."""
    gsm = alphabet_of(text.text) is Alphabet.GSM7
    return {
        "wire_id": text.wire_id,
        "to": bare(text.to),
        "to_e164": text.to,
        "sender": bare(text.sender),
        "sender_e164": text.sender,
        "text": text.text,
        "report_url": text.report_url,
        "validity_minutes": None if text.validity_minutes is None else str(text.validity_minutes),
        "coding": "0" if gsm else "2",
        "message_class": "0" if text.flash else None,
        "callback_data": text.callback_data,
    }


def _filled(fields: Mapping[str, str], values: Mapping[str, str | None]) -> dict[str, str]:
    """Fields with their values; one that needs what is not there is left out."""
    return {
        name: PLACEHOLDER.sub(lambda found: values[found[1]] or "", template)
        for name, template in fields.items()
        if all(values[wanted] is not None for wanted in PLACEHOLDER.findall(template))
    }


def _body(template: str, values: Mapping[str, str | None], content_type: str) -> str:
    """A body with its values, written as its type wants them."""

    def written(found: re.Match[str]) -> str:
        value = values[found[1]] or ""
        if "json" in content_type:
            return json.dumps(value)[1:-1]
        return escape(value, {'"': "&quot;"}) if "xml" in content_type else value

    return PLACEHOLDER.sub(written, template)


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((value.lower() for name, value in headers.items() if name.lower() == wanted), "")


def _checked(name: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise SettingsInvalid(
            f"the url of provider {name!r} must be http(s) and end with its path: what follows"
            " a ? stands under `query`"
        )
    return url


# --- the answer -----------------------------------------------------------------------------------


def _ambiguous(detail: str) -> Answer:
    return Answer(Verdict.AMBIGUOUS, State.UNCERTAIN, detail=detail)


def _fits(rule: AnswerRule, status: int, body: str) -> bool:
    if rule.status and status not in rule.status:
        return False
    return not rule.match or re.search(rule.match, body) is not None


def _found(pattern: str, body: str) -> str:
    found = re.search(pattern, body) if pattern else None
    return (found[1] if found.re.groups else found[0])[:100] if found else ""


# --- pushes ---------------------------------------------------------------------------------------


def _entries(body: bytes, content_type: str, path: str) -> list[dict[str, str]]:
    """The fields of each part of a push; names of inner ones have dots."""
    if "form-urlencoded" in content_type.lower():
        return [dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))]
    try:
        tree = content.read(body, Format.of(content_type))
    except ValueError as error:
        raise WebhookRejected(400, str(error)) from None
    inner = tree
    for key in path.split(".") if path else ():
        inner = inner.get(key) if isinstance(inner, dict) else None
    found = tree if inner is None else inner  # one that was kept to be read again stands alone
    entries = found if isinstance(found, list) else [found]
    if len(entries) > MOST_REPORTS:
        raise WebhookRejected(413, f"{len(entries)} parts, and a push has {MOST_REPORTS}")
    return [dict(_flat(entry, "")) for entry in entries]


def _flat(tree: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _flat(value, f"{name}.{index}" if name else str(index))
    elif tree is not None:
        yield name, tree if isinstance(tree, str) else json.dumps(tree)


def _date(value: object) -> datetime | None:
    """ISO 8601 with an offset, or seconds since 1970; None for what is neither."""
    told = value.strip() if isinstance(value, str) else ""
    try:
        if told.isascii() and told.isdecimal() and len(told) <= 11:
            return datetime.fromtimestamp(int(told), UTC)
        return parse_date(told)
    except (ValueError, OverflowError, OSError):
        return None
