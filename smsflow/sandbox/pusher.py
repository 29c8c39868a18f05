"""Performs the pushes that the network owes, several at the same time.

The network has no time of its own, so somebody has to ask it what is due. That clock may be sped
up or jump, which no timer of the operating system would notice: while anything is to come, the
pusher looks again every few milliseconds.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import urllib3

from smsflow.sandbox import forms
from smsflow.sandbox.clock import Clock
from smsflow.sandbox.network import Network
from smsflow.sandbox.records import Push
from smsflow.sandbox.wire import write_json
from smsflow.sandbox.xml import write_xml

LONGEST_LOOK = 0.02  # seconds between two looks at the clock while something is to come
SHORTEST_LOOK = 0.001
AT_ONCE = 16


class Pusher:
    """A thread that asks what is due, and a pool of threads that push it."""

    def __init__(self, network: Network, clock: Clock, *, timeout: float = 5.0) -> None:
        self._network = network
        self._clock = clock
        self._http = urllib3.PoolManager(
            num_pools=64,
            maxsize=AT_ONCE,
            retries=False,
            timeout=urllib3.Timeout(connect=timeout, read=timeout),
        )
        self._woken = threading.Event()
        self._stopping = False
        self._pool = ThreadPoolExecutor(AT_ONCE, "sandbox-push")
        self._thread = threading.Thread(target=self._run, name="sandbox-pusher")

    def start(self) -> None:
        """Begin to push what falls due."""
        self._network.listen(self._woken.set)
        self._thread.start()

    def stop(self) -> None:
        """End when the pushes under way have ended; those not begun stay undone."""
        self._stopping = True
        self._woken.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)
        self._http.clear()

    def perform(self, push: Push) -> None:
        """Make one push now, and tell the network how it went."""
        self._network.pushed(push, self._send(push), self._clock.now())

    def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            for push in self._network.due(self._clock.now()):
                self._pool.submit(self.perform, push)
            self._woken.wait(self._pause())

    def _pause(self) -> float | None:
        """Seconds until the next look; None is until somebody wakes us."""
        due = self._network.next_due()
        if due is None:
            return None
        left = (due - self._clock.now()).total_seconds()
        return min(max(left, SHORTEST_LOOK), LONGEST_LOOK)

    def _send(self, push: Push) -> bool:
        """True when the receiver answered 2xx."""
        body = self._body(push)
        try:
            headers = _credentials(push.url)
            if body is not None:
                headers["Content-Type"] = push.content_type
            response = self._http.request(
                push.method, push.url, body=body, headers=headers, redirect=False
            )
        except (urllib3.exceptions.HTTPError, ValueError, OSError):
            return False
        return 200 <= response.status < 300

    def _body(self, push: Push) -> bytes | None:
        """The body in the type that was asked for."""
        told = forms.push_body(push, as_in_manual=self._network.faults.manual_intermediates)
        if told is None:
            return None
        root, tree = told
        return write_xml(root, tree) if push.content_type == "application/xml" else write_json(tree)


def _credentials(url: str) -> dict[str, str]:
    """The header for a user and password inside of the URL; ValueError for a URL that is none."""
    auth = urllib3.util.parse_url(url).auth
    return dict(urllib3.make_headers(basic_auth=unquote(auth))) if auth else {}
