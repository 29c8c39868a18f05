"""Looks whether a project's files have changed, and lets the service go on with the new ones.

Modification times are polled, which works on every disk and needs nothing. What is broken is told
and not used: the last good version goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smsflow.engine.language import parse
from smsflow.engine.model import Flow
from smsflow.errors import SettingsInvalid
from smsflow.extending import load
from smsflow.files import marks, read_files
from smsflow.runtime import Runtime

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a look has found: `problem` says why the last good version goes on."""

    loaded: parse.Loaded
    news: tuple[str, ...] = ()  # one for each flow that is new, changed or gone
    problem: str = ""

    @property
    def plain(self) -> str:
        """The problem without the terminal's colours."""
        return _COLOUR.sub("", self.problem)


class Watcher:
    """Watches the files of one running project. `explain` words what is wrong with them."""

    def __init__(self, runtime: Runtime, explain: Callable[[parse.Loaded], str]) -> None:
        self._runtime = runtime
        self._folder = runtime.settings.project
        self._explain = explain
        self._seen = marks(self._folder)

    def look(self) -> Change | None:
        """Take over what has changed since the last look; None when nothing has."""
        present = marks(self._folder)
        if present == self._seen:
            return None
        try:
            files = read_files(self._folder)
        except SettingsInvalid:
            return None  # a file went while we were reading; the next look will see
        self._seen = present
        return self._take_over(load(files, self._folder))

    def _take_over(self, loaded: parse.Loaded) -> Change:
        if loaded.errors:
            return Change(loaded=loaded, problem=self._explain(loaded))
        before = self._runtime.world.flows
        try:
            self._runtime.reload(loaded)
        except SettingsInvalid as error:
            return Change(loaded=loaded, problem=str(error))
        return Change(loaded=loaded, news=_news(before, loaded.flows))


def _news(before: Mapping[str, Flow], after: Mapping[str, Flow]) -> tuple[str, ...]:
    news = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if new is None:
            news.append(f"{name} is gone; its sessions run on")
        elif old is None:
            news.append(f"{name} {new.version} is new")
        elif old.version != new.version:
            news.append(f"{name} {old.version} -> {new.version}")
    return tuple(news)
