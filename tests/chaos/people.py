"""Who texts what, and how the network hands it to us: again and again until it is acknowledged.

The provider repeats a push that failed after a minute, then two, then five. Here it comes again
within two seconds with the same id, which tests the same redelivery more often. Of some pushes the
answer is lost on the way back, and some that were answered are made once more all the same.

Whoever is asked something answers what they have heard: an answer that comes before its question
has left makes that question needless, and smsflow then rightly keeps it back.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import urllib3

from tests.chaos.project import ADDRESS, VERSIONS

TEXTS_EACH = 20
ASKERS = 4  # every fourth contact goes through the flow with questions
AT_ONCE = 32
ANSWER_SECONDS = 5.0  # as the provider waits for an answer to a push
LOST_ANSWERS = 0.03
REPEATED = 0.02


@dataclass(slots=True, eq=False)
class Text:
    """One text from a handset, what may be answered, and what became of its push."""

    serial: int
    contact: str
    words: str
    replies: tuple[str, ...]  # one for each version of the flow
    pushes: int = 0
    acknowledged: float | None = None  # when the first 200 came, in seconds since 1970
    errors: Counter[str] = field(default_factory=Counter)
    listens: bool = False  # the contact says nothing more before they have heard the reply

    @property
    def id(self) -> str:
        """The provider's id of it."""
        return f"mo-{self.serial}"


def plan(count: int, rng: random.Random) -> list[Text]:
    """Texts in the order in which people write them; each contact's own are in order too."""
    contacts = [f"4477009{number:05d}" for number in range(1, max(6, count // TEXTS_EACH) + 1)]
    said: dict[str, deque[str]] = {contact: deque() for contact in contacts}
    texts = []
    for serial in range(count):
        index = rng.randrange(len(contacts))
        contact = contacts[index]
        if index % ASKERS:
            words, reply = f"say {serial}", f"heard say {serial}"
        else:
            words, reply = _in_survey(serial, said[contact])
        replies = tuple(f"v{version} {reply}" for version in VERSIONS)
        texts.append(Text(serial, contact, words, replies, listens=index % ASKERS == 0))
    return texts


def _in_survey(serial: int, said: deque[str]) -> tuple[str, str]:
    """What somebody in the survey says next, and hears; `said` is where they are in it."""
    if not said:
        said.append(f"ask {serial}")
        return said[-1], f"first question of {said[-1]}"
    if len(said) == 1:
        said.append(f"blue {serial}")
        return said[-1], f"second question after {said[-1]}"
    first, words = said[-1], f"round {serial}"
    said.clear()
    return words, f"thanks for {first} and {words}"


class People:
    """Pushes all texts at an even rate; a contact's next one only after the last was taken.

    `accepted` is the provider's file of the texts that it took.
    """

    def __init__(
        self, texts: Sequence[Text], hook: str, accepted: Path, rate: float, seed: int
    ) -> None:
        self._texts = texts
        self._accepted = accepted
        self._hook = hook
        self._rate = rate
        self._seed = seed
        self._http = urllib3.PoolManager(
            maxsize=AT_ONCE, retries=False, timeout=ANSWER_SECONDS, block=False
        )
        self._pool = ThreadPoolExecutor(AT_ONCE, "people")
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Text]] = {}
        self._stopping = threading.Event()
        self._heard: set[str] = set()
        self._listening: dict[str, Text] = {}  # by contact, who waits for the reply to that text
        self._threads = [
            threading.Thread(target=each, name="people", daemon=True)
            for each in (self._write, self._listen)
        ]
        self.done = 0

    def start(self) -> None:
        """Begin to text."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, whatever is still to be said."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown(cancel_futures=True)
        self._http.clear()

    def _write(self) -> None:
        start = time.monotonic()
        for number, text in enumerate(self._texts):
            if self._stopping.wait(max(0.0, start + number / self._rate - time.monotonic())):
                return
            with self._lock:
                busy = text.contact in self._waiting
                self._waiting.setdefault(text.contact, deque()).append(text)
            if not busy:
                self._pool.submit(self._serve, text.contact)

    def _serve(self, contact: str) -> None:
        """Push what a contact has written, one after the other, until nothing is left."""
        while True:
            with self._lock:
                if not self._waiting[contact]:
                    del self._waiting[contact]
                    return
                text = self._waiting[contact].popleft()
            self._push(text)
            with self._lock:
                self.done += text.acknowledged is not None
                if text.listens and self._heard.isdisjoint(text.replies):
                    self._listening[contact] = text
                    return

    def _listen(self) -> None:
        """Hear what the provider takes, and let those who waited for it go on."""
        with self._accepted.open() as lines:
            while not self._stopping.wait(0.02):
                fresh = {line.removesuffix("\n") for line in lines}
                with self._lock:
                    self._heard |= fresh
                    going_on = [
                        contact
                        for contact, text in self._listening.items()
                        if not self._heard.isdisjoint(text.replies)
                    ]
                    for contact in going_on:
                        del self._listening[contact]
                        self._pool.submit(self._serve, contact)

    def _push(self, text: Text) -> None:
        """Push until it is acknowledged, and now and then once more."""
        rng = random.Random(self._seed * 1_000_003 + text.serial)
        query = {"sender": text.contact, "receiver": ADDRESS, "text": text.words}
        url = f"{self._hook}?{urlencode(query | {'messageid': text.id})}"
        wait = 0.1
        if rng.random() < LOST_ANSWERS:
            text.pushes += 1
            _push_and_hang_up(url)
        while not self._stopping.is_set():
            text.pushes += 1
            said = self._once(url)
            if said == "200":
                text.acknowledged = time.time()
                break
            text.errors[said] += 1
            self._stopping.wait(wait * rng.uniform(0.5, 1.0))
            wait = min(2 * wait, 2.0)
        if rng.random() < REPEATED:
            text.pushes += 1
            self._once(url)

    def _once(self, url: str) -> str:
        """One push: the status, or what broke."""
        try:
            return str(self._http.request("GET", url).status)
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__


def _push_and_hang_up(url: str) -> None:
    """A push whose answer is never read."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=ANSWER_SECONDS)
    with suppress(OSError, HTTPException):
        connection.request("GET", f"{parts.path}?{parts.query}")
    connection.close()
