"""The fields of a request's body, read one by one; the first wrong one is raised by its path."""

from __future__ import annotations

from collections.abc import Iterator

from smsflow.sandbox.wire import WrongField


class Fields:
    """The fields of one object; each reader answers None for what is absent or null."""

    def __init__(self, told: object, path: str = "") -> None:
        if not isinstance(told, dict):
            raise WrongField(path or "body", "must be an object", mistyped=True)
        self._told = told
        self._path = f"{path}." if path else ""

    def get(self, name: str) -> object:
        """The value as it was told."""
        return self._told.get(name)

    def wrong(self, name: str, complaint: str) -> WrongField:
        """What is wrong with the value of this field, by its path."""
        return WrongField(self._path + name, complaint)

    def mistyped(self, name: str, complaint: str) -> WrongField:
        """The field is of another kind than it must be."""
        return WrongField(self._path + name, complaint, mistyped=True)

    def missing(self, name: str, complaint: str = "may not be null") -> WrongField:
        """The field has to be there."""
        return WrongField(self._path + name, complaint, missing=True)

    def text(self, name: str, longest: int | None = None) -> str | None:
        """A string of at most so many characters."""
        value = self._told.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.mistyped(name, "must be a string")
        if longest is not None and len(value) > longest:
            raise self.wrong(name, f"size must be at most {longest}")
        return value

    def one_of(self, name: str, choices: tuple[str, ...]) -> str | None:
        """One of these strings."""
        value = self.text(name)
        if value is not None and value not in choices:
            raise self.wrong(name, f"must be one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool:
        """true or false; absent is false."""
        value = self._told.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.mistyped(name, "must be true or false")
        return value is True

    def number(self, name: str, least: int, most: int | None = None) -> int | None:
        """A whole number within these bounds."""
        value = self._told.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.mistyped(name, f"must be a number of at least {least}")
        if value < least:
            raise self.wrong(name, f"must be a number of at least {least}")
        if most is not None and value > most:
            raise self.wrong(name, f"must be at most {most}")
        return value

    def items(self, name: str) -> Iterator[tuple[str, object]]:
        """The members of a list, each with its path."""
        value = self._told.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.mistyped(name, "must be a list")
        for index, item in enumerate(value):
            yield f"{self._path}{name}[{index}]", item

    def inner(self, name: str) -> Fields | None:
        """An object inside of this one."""
        value = self._told.get(name)
        return None if value is None else Fields(value, self._path + name)
