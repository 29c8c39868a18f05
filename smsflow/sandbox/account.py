"""The money of the account: what a part costs, and when there are not enough credits."""

from __future__ import annotations

PRICE = 0.01  # EUR for each text in reports and logs; a refused one is free
CURRENCY = "EUR"
_CENTS_A_PART = 1
_CENTS_AT_START = 100_000_000


class Account:
    """A balance that texts are paid from. It has no bottom until somebody sets it."""

    def __init__(self) -> None:
        self._cents = _CENTS_AT_START
        self._limited = False

    @property
    def balance(self) -> float:
        """What is left, in EUR."""
        return self._cents / 100

    def set(self, balance: float) -> None:
        """Have so many EUR, to the cent, and no text beyond them."""
        self._cents = round(balance * 100)
        self._limited = True

    def covers(self, parts: int) -> bool:
        """True when a text of so many parts can be paid."""
        return not self._limited or self._cents >= parts * _CENTS_A_PART

    def pay(self, parts: int) -> None:
        """Take the price of a text."""
        self._cents -= parts * _CENTS_A_PART
