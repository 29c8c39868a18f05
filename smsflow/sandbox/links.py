"""Short links: made for each text, followed by its reader; "URL shortening & tracking solution".

The manual counts 25 characters for a short link and shows a host of the provider's. That host is
none here, so a link is followed by asking the sandbox for its path; a `baseUrl` in `tracking` makes
links that a browser can follow, as long as they then are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

BASE = "http://eel.nu"  # with a path of 12 characters a link has the 25 of the manual
HALF = 5  # characters of each half of a path
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CODES = len(_LETTERS) ** (2 * HALF)
_STRIDE = 314_159_265_358_979_323  # shares no factor with _CODES, so no code comes twice

_LONG = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?'()\[\]{}]", re.IGNORECASE)
_SYSTEMS = (
    ("Windows Phone", "WINDOWS_PHONE"),
    ("Android", "ANDROID"),
    ("iPhone", "IOS"),
    ("iPad", "IOS"),
    ("iPod", "IOS"),
    ("Windows", "WINDOWS"),
    ("Linux", "LINUX"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """One long URL in one text."""

    path: str
    short: str
    url: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Click:
    """One time that a link was followed."""

    at: datetime
    link: Link
    user_agent: str

    @property
    def system(self) -> str | None:
        """The phone's operating system, by what its browser says; None when that is unclear."""
        return next((name for word, name in _SYSTEMS if word in self.user_agent), None)


class Links:
    """All links of the texts that the logs still know, and the clicks on them."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._by_path: dict[str, Link] = {}
        self._by_message: dict[str, list[Link]] = {}
        self._clicks: dict[str, list[Click]] = {}

    def shorten(self, text: str, message_id: str, base: str | None) -> str:
        """The text with a link of its own in place of each URL."""

        def shortened(found: re.Match[str]) -> str:
            path = self._path()
            link = Link(path, f"{(base or BASE).rstrip('/')}/{path}", found[0], message_id)
            self._by_path[path] = link
            self._by_message.setdefault(message_id, []).append(link)
            return link.short

        return _LONG.sub(shortened, text)

    def _path(self) -> str:
        number = next(self._numbers) * _STRIDE % _CODES
        letters = []
        for _ in range(2 * HALF):
            number, letter = divmod(number, len(_LETTERS))
            letters.append(_LETTERS[letter])
        code = "".join(letters)
        return f"{code[:HALF]}/{code[HALF:]}"

    def follow(self, path: str, user_agent: str, now: datetime) -> Click | None:
        """Note a click; None for a path that is no link's."""
        link = self._by_path.get(path)
        if link is None:
            return None
        click = Click(now, link, user_agent)
        self._clicks.setdefault(link.message_id, []).append(click)
        return click

    def of(self, message_id: str) -> list[Link]:
        """The links in a text."""
        return self._by_message.get(message_id, [])

    def clicks(self) -> Iterator[Click]:
        """All clicks, by text and then in order."""
        return (click for clicks in self._clicks.values() for click in clicks)

    def forget(self, message_id: str) -> None:
        """Drop what belongs to a text that is forgotten."""
        self._clicks.pop(message_id, None)
        for link in self._by_message.pop(message_id, ()):
            del self._by_path[link.path]
