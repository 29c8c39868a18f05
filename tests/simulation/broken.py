"""What a mutant is: one rule of smsflow that is broken while it is switched on.

It takes the place of one function; the files stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from inspect import signature
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """One broken rule."""

    name: str
    what: str
    switch_on: Callable[[ExitStack], None]

    @contextmanager
    def on(self) -> Iterator[None]:
        """The rule is broken inside the block."""
        with ExitStack() as stack:
            self.switch_on(stack)
            yield


def put(stack: ExitStack, owner: Any, name: str, value: Any) -> Any:
    """Put something in the place of an attribute until the stack ends; returns the original.

    A function takes what the original takes: one that raised instead would be caught for that.
    """
    before = vars(owner)[name]
    if callable(before) and callable(value):
        takes = signature(before).parameters.values()
        plain = [each for each in takes if each.kind is each.POSITIONAL_OR_KEYWORD]
        named = {each.name: None for each in takes if each.kind is each.KEYWORD_ONLY}
        signature(value).bind(*plain, **named)
    setattr(owner, name, value)
    stack.callback(setattr, owner, name, before)
    return before


def enter_into(
    table: dict[str, Mutant], what: str
) -> Callable[[Callable[[ExitStack], None]], None]:
    """A decorator that puts a function which breaks a rule into the table, under its own name."""

    def add(switch_on: Callable[[ExitStack], None]) -> None:
        name = switch_on.__name__.strip("_").replace("_", "-")
        table[name] = Mutant(name, what, switch_on)

    return add


class Pretending:
    """An object with some of its attributes different."""

    def __init__(self, original: Any, **different: Any) -> None:
        self._original = original
        self.__dict__.update(different)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)
