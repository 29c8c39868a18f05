"""What tests of `smsflow dev` share: a project at work, and a page that talks to it."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import urllib3

from smsflow.cli.checking import issues_text
from smsflow.config import Settings
from smsflow.dev import Workshop

CHECKOUT = Path(__file__).parent.parent
PATIENCE = 10.0  # seconds until a test gives up; all of it takes a fraction of one
T = TypeVar("T")


def until(look: Callable[[], T], why: str) -> T:
    """Look until there is something to see."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for {why}"
        pause.wait(0.01)


def samples(folder: Path) -> Path:
    """A copy of the sample project."""
    project = folder / "project"
    project.mkdir()
    shutil.copy(CHECKOUT / "smsflow.yaml", project)
    for name in ("flows", "templates"):
        shutil.copytree(CHECKOUT / name, project / name)
    return project


@contextmanager
def opened(project: Path, *, fresh: bool = False) -> Iterator[Workshop]:
    """`smsflow dev` on a free port, without its loop: a test looks when it wants to."""
    settings = Settings.from_environment({}, project=project)
    explain = lambda loaded: issues_text(loaded, project)  # noqa: E731 - one expression
    with Workshop(settings, explain, port=0, stream=StringIO(), fresh=fresh) as workshop:
        yield workshop


def printed(workshop: Workshop) -> str:
    """What stands in the terminal so far."""
    stream = workshop._stream
    assert isinstance(stream, StringIO)
    return stream.getvalue()


class Page:
    """The phone page without a browser: the same requests, the same token."""

    def __init__(self, workshop: Workshop) -> None:
        self.url = workshop.service.url
        self._http = urllib3.PoolManager(retries=False)
        page = self._http.request("GET", f"{self.url}/phone")
        self.headers = dict(page.headers)
        self.text = page.data.decode()
        found = re.search(r'name="smsflow-token" content="([^"]+)"', self.text)
        assert found is not None
        self.token = found[1]

    def close(self) -> None:
        """Give back connections."""
        self._http.clear()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One request, with the page's token unless `headers` say otherwise; status and answer."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        told = {"X-Smsflow-Token": self.token, "Content-Type": "application/json", **given}
        data = None if body is None else json.dumps(body)
        answer = self._http.request(method, f"{self.url}/phone{path}", headers=told, body=data)
        try:
            return answer.status, answer.json()
        except ValueError:
            return answer.status, None

    def says(self, phone: str, text: str, number: str = "main") -> None:
        """A handset texts one of our numbers."""
        status, answer = self.ask(
            "POST", "/texts", {"phone": phone, "text": text, "number": number}
        )
        assert status == 200, answer

    def look(self, phone: str) -> dict[str, Any]:
        """How one phone stands."""
        status, state = self.ask("GET", f"/state?phone=%2B{phone[1:]}")
        assert status == 200
        shown: dict[str, Any] = state["phones"][phone]
        return shown

    def got(self, phone: str, count: int, state: str = "Delivered") -> list[dict[str, Any]]:
        """The texts to a phone in that state, once there are so many of them."""

        def enough() -> list[dict[str, Any]]:
            bubbles = self.look(phone)["bubbles"]
            ours = [each for each in bubbles if each["way"] == "out" and each["state"] == state]
            return ours if len(ours) >= count else []

        return until(enough, f"{count} texts to {phone} that are {state.lower()}")
