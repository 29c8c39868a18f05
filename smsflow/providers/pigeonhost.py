"""The adapter of PigeonHost: many texts in one request, and the logs as the last word.

The messageId is ours, so a request whose answer was lost can be repeated: the provider refuses the
id that it has seen. Whether it kept the first try is then asked of the logs.
Sources: manual, "Fully featured textual message" and "Getting SMS logs".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from smsflow.providers import pigeonhost_answers as answers
from smsflow.providers import pigeonhost_push as push
from smsflow.providers.base import (
    Capabilities,
    Known,
    LogLine,
    LogsUnavailable,
    NotAnswered,
    Unreadable,
)
from smsflow.providers.client import (
    AppKey,
    Basic,
    Client,
    Destination,
    FullText,
    LogFilter,
    Lookup,
    Refused,
)
from smsflow.providers.codes import Classified
from smsflow.providers.content import Format
from smsflow.providers.transport import MaybeSent, NotSent, Response, Transport
from smsflow.providers.turns import in_turn
from smsflow.providers.windows import lines_of
from smsflow.sms.answers import Answer, Verdict
from smsflow.sms.messages import Clicked, Outgoing, Received, Report
from smsflow.sms.numbers import is_phone, normalise
from smsflow.sms.states import State

# Ids in one question to the logs: they stand in the URL, which proxies cut at some 8,000 octets.
_IDS_A_QUESTION = 50
_OVER = frozenset({"CANCELED", "FINISHED", "FAILED"})  # of a bulk
_MOST_LINES = 1000  # the API's limit; its default of 50 would hide what repeated ids push out


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PigeonHost:
    """One account at PigeonHost. Keeps the contract of `smsflow.providers.base.Provider`."""

    capabilities = Capabilities(idempotent=True, batch=100, lookup=1000, pull=True)

    def __init__(
        self,
        name: str,
        url: str,
        user: str = "",
        password: str = "",
        *,
        key: str = "",
        transport: Transport,
        format: Format = Format.JSON,  # noqa: A002 - the word that smsflow.yaml has for it
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        """`url` is the base, such as https://api.sms.pigeonhost.com; `key` takes the place of user
        and password. Raises SettingsInvalid."""
        self.name = name
        self._url = url.rstrip("/")
        self._format = format
        login = AppKey(key) if key else Basic(user, password)
        self._now = now
        self.client = Client(url, login, format=format, transport=transport, now=now)

    def __repr__(self) -> str:
        return f"PigeonHost(name={self.name!r}, url={self._url!r})"

    # --- sending ----------------------------------------------------------------------------------

    def send(self, texts: Sequence[Outgoing]) -> list[Answer]:
        """Hand over texts, and return one answer for each in the same order.

        They go in one request, or in one for each way of tracking, for that holds for a whole
        request; a text for later has one to itself, to be withdrawn by. One that is refused for its
        content is repeated text by text, for one bad text must not cost the others. Raises
        ValueError for more texts than a batch may have.
        """
        if len(texts) > self.capabilities.batch:
            raise ValueError(f"{len(texts)} texts, and a batch has {self.capabilities.batch}")
        alike = groupby(texts, key=lambda text: (text.tracking, _bulk_of(text)))
        return in_turn([list(part) for _, part in alike], self._send_alike, self._now)

    def _send_alike(self, texts: Sequence[Outgoing]) -> list[Answer]:
        outcome = self._submit(texts)
        if isinstance(outcome, list):
            return outcome
        if outcome.verdict is Verdict.REJECTED and len(texts) > 1:
            return in_turn([[text] for text in texts], self._send_alike, self._now)
        return [outcome] * len(texts)

    def _submit(self, texts: Sequence[Outgoing]) -> list[Answer] | Answer:
        """One request: an answer for each text, or one for all when the request failed."""
        try:
            told = self.client.send_advanced(
                [self._full(text) for text in texts],
                bulk_id=_bulk_of(texts[0]),
                tracking=texts[0].tracking,
            )
        except NotSent as error:
            return answers.not_sent(str(error), unreached=True)
        except MaybeSent as error:
            return answers.ambiguous(str(error))
        except Refused as refused:
            return answers.of_refusal(refused)
        return answers.of_submit(texts, told)

    def _full(self, text: Outgoing) -> FullText:
        return FullText(
            sender=text.sender,
            destinations=[Destination(text.to, text.wire_id)],
            text=text.text,
            flash=text.flash,
            transliteration=text.transliteration,
            shifts=text.shifts,
            # A handset that is away is told of at once.
            intermediate_report=text.report_url is not None,
            notify_url=text.report_url,
            notify_format=self._format,
            callback_data=text.callback_data,
            validity_minutes=text.validity_minutes,
            send_at=text.send_at,
            window=text.window,
        )

    # --- what became of texts ---------------------------------------------------------------------

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

    def _look_up(self, wire_ids: Sequence[str]) -> dict[str, Answer] | Answer:
        """What the logs know of some ids, or one AMBIGUOUS answer when they can't be asked."""
        try:
            lines = self.client.logs(LogFilter(message_ids=wire_ids, limit=_MOST_LINES))
        except Refused as refused:
            return answers.ambiguous(f"the logs cannot be asked: {refused}", refused.retry_after)
        except (NotSent, MaybeSent) as error:
            return answers.ambiguous(f"the logs cannot be asked: {error}")
        return answers.of_logs(set(wire_ids), lines)

    def logs(self, since: datetime, until: datetime) -> Iterator[LogLine]:
        """Yield the logs' lines (48 hours) from `since` to `until`, whatever their number.

        The API gives 1,000 lines at most and no pages, so a window that is full is asked in halves.
        """
        return lines_of(self._window, since, until, most=_MOST_LINES)

    def _window(self, since: datetime, until: datetime) -> list[LogLine | None]:
        """One question to the logs: what was sent between two instants; None for a duplicate."""
        filter_ = LogFilter(sent_since=since, sent_until=until, limit=_MOST_LINES)
        try:
            lines = self.client.logs(filter_)
        except (NotSent, MaybeSent, Refused) as error:
            raise LogsUnavailable(f"the logs of {self.name} cannot be asked: {error}") from error
        return [answers.line_of(line) for line in lines]

    # --- pushed -----------------------------------------------------------------------------------

    def parse_mo_get(
        self, query: Mapping[str, str], names: Mapping[str, str] | None = None
    ) -> list[Received | Unreadable]:
        """Read a text pushed as a GET; `names` maps the manual's parameters to the URL's."""
        return push.read_mo_get(query, names or {})

    def parse_mo_post(
        self,
        body: bytes,
        content_type: str,
        names: Mapping[str, str] | None = None,  # noqa: ARG002 - the format is the provider's own
    ) -> list[Received | Unreadable]:
        """Read texts pushed as a POST."""
        return push.read_mo_post(body, content_type)

    def parse_dlr(self, body: bytes, content_type: str) -> list[Report | Unreadable]:
        """Read the reports that were pushed to a text's notify URL."""
        return push.read_dlr(body, content_type)

    def parse_dlr_get(self, query: Mapping[str, str]) -> list[Report | Unreadable]:
        """Refuse: this provider pushes reports as POST."""
        return push.refuse_dlr_get(query)

    def parse_clicks(self, body: bytes, content_type: str) -> list[Clicked | Unreadable]:
        """Read clicks that were pushed."""
        return push.read_clicks(body, content_type)

    # --- pulled -----------------------------------------------------------------------------------

    def pull_reports(self, limit: int) -> list[Report | Unreadable]:
        """Reports that were not pulled yet; the provider forgets them with its answer."""
        response = self._pull(lambda: self.client.reports_as_told(limit=limit))
        return push.read_answer(response, push.report, self.client.tree_of)

    def pull_texts(self, limit: int) -> list[Received | Unreadable]:
        """Texts that were not pulled yet; the provider forgets them with its answer."""
        response = self._pull(lambda: self.client.received_as_told(limit=limit))
        return push.read_answer(response, push.received, self.client.tree_of)

    def received_again(self, since: datetime, until: datetime) -> list[Received | Unreadable]:
        """Texts that came in between two instants, pulled before or not."""
        response = self._pull(
            lambda: self.client.received_logs_as_told(since, until, limit=_MOST_LINES)
        )
        return push.read_answer(response, push.received, self.client.tree_of)

    def _pull(self, ask: Callable[[], Response]) -> Response:
        try:
            return ask()
        except MaybeSent as error:
            raise NotAnswered(f"{self.name} gave no answer: {error}", lost=True) from error
        except (NotSent, Refused) as error:
            raise NotAnswered(f"{self.name} cannot be asked: {error}") from error

    # --- texts for later --------------------------------------------------------------------------

    def withdraw(self, wire_id: str) -> None:
        """Call off a text that is held, by its bulk; one that is over already is as good."""
        try:
            self.client.set_bulk_status(wire_id, "CANCELED")
        except (NotSent, MaybeSent, Refused) as error:
            if not isinstance(error, Refused) or not self._is_over(wire_id):
                raise NotAnswered(f"{self.name} did not withdraw it: {error}") from error

    def _is_over(self, bulk_id: str) -> bool:
        """True when nothing of it is still to be sent: it was called off before, or it is out."""
        try:
            return self.client.bulk_status(bulk_id) in _OVER
        except (NotSent, MaybeSent, Refused):
            return False

    # --- numbers ----------------------------------------------------------------------------------

    def lookup(self, numbers: Sequence[str]) -> list[Known]:
        """What is known of each number, in the same order; manual, "Number lookup"."""
        try:
            told = self.client.lookup(numbers)
        except (NotSent, MaybeSent, Refused) as error:
            raise NotAnswered(f"{self.name} cannot be asked: {error}") from error
        known = {_address(each.to): each for each in told}
        return [_known(number, known.get(number)) for number in numbers]


def _bulk_of(text: Outgoing) -> str | None:
    """The bulk of a text that has one to itself."""
    return None if text.send_at is None else text.wire_id


def _known(number: str, told: Lookup | None) -> Known:
    if told is None or told.status is None:
        return Known(number, reachable=None, status="no answer")
    return Known(
        number,
        reachable=_reachable(told.status),
        status=told.status.key,
        error=told.error,
        network=told.network,
        network_name=_network_name(told),
        ported=told.ported,
        roaming=told.roaming,
        roaming_in=told.roaming_in.country or told.roaming_in.name if told.roaming_in else None,
    )


def _network_name(told: Lookup) -> str | None:
    """The name of the network that the number is in now."""
    here = told.ported_to if told.ported and told.ported_to else told.original
    return here.name if here else None


def _reachable(status: Classified) -> bool | None:
    """By the manual, a number that is in use is answered with a status of a text that arrived."""
    if status.state is State.DELIVERED:
        return True
    return False if status.state.final else None


def _address(told: str) -> str:
    try:
        found = normalise(told)
    except ValueError:
        return told
    return found if is_phone(found) else told
