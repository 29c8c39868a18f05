"""Parts: where a text is cut, how many parts it takes, and which national tables make it shorter.

Parts are what is paid for. A part has 140 octets for text and headers (3GPP 23.040 section
9.2.3.24), and all limits follow from that.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from smsflow.sms.encoding.alphabets import DEFAULT, Alphabet, Language, Repertoire, Shifts, shifted


@dataclass(frozen=True, slots=True)
class Split:
    """A text as it is sent: `units` are septets (GSM-7) or UTF-16 code units (UCS-2) of it all.

    `shifts` are the national tables that it is written with; each part then has a header for them.
    """

    alphabet: Alphabet
    parts: tuple[str, ...]
    units: int
    shifts: Shifts | None = None

    @property
    def count(self) -> int:
        """How many parts are charged; never 0."""
        return len(self.parts)

    @property
    def left(self) -> int:
        """Units that the last part still has room for."""
        only, each = _room(self.alphabet, self.shifts)
        room = only if self.count == 1 else each
        doubles = _repertoire(self.shifts).doubles
        return room - _units(self.parts[-1], self.alphabet, doubles)


# Units in the only part, and in each of several. A concatenated part gives 6 of its 140 octets to
# the header that numbers it; each national table takes 3 more, and the first header of a part one
# more that tells its length (3GPP 23.040 section 9.2.3.24).
_ROOM = {Alphabet.GSM7: (160, 153), Alphabet.UCS2: (70, 67)}
_ROOM_SHIFTED, _ROOM_BOTH = (155, 149), (152, 146)


def alphabet_of(text: str) -> Alphabet:
    """The alphabet that `text` is sent in: GSM-7 when all of it fits, else UCS-2."""
    return Alphabet.UCS2 if DEFAULT.outside.search(text) else Alphabet.GSM7


def first_outside_gsm(text: str, shifts: Shifts | None = None) -> tuple[int, str] | None:
    """Index and character of the first that costs `text` UCS-2; None when it is GSM-7."""
    found = _repertoire(shifts).outside.search(text)
    return (found.start(), found[0]) if found else None


def segments(text: str, shifts: Shifts | None = None) -> int:
    """How many parts `text` is sent in: the count of `split`, without cutting where it can."""
    repertoire = DEFAULT if shifts is None else shifted(shifts)
    alphabet = Alphabet.UCS2 if repertoire.outside.search(text) else Alphabet.GSM7
    units = _units(text, alphabet, repertoire.doubles)
    only, each = _room(alphabet, shifts)
    if units <= only:
        return 1
    if units == len(text):
        return -(-units // each)
    return len(_cut(text, _doubles(text, alphabet, repertoire), each))


def split(text: str, shifts: Shifts | None = None) -> Split:
    """`text` cut into parts as a handset gets them, no escape or surrogate pair torn apart.

    160 septets in one part and 153 in each of several, 70 and 67 UTF-16 code units in UCS-2. With
    one national table 155 and 149 septets, with two 152 and 146, whether the text needs them or
    not; a text that they don't hold is sent as UCS-2, without them. An empty text is one empty
    part. `shifts_for` says which tables serve a text best.
    """
    repertoire = DEFAULT if shifts is None else shifted(shifts)
    alphabet = Alphabet.GSM7
    if repertoire.outside.search(text):
        alphabet, shifts = Alphabet.UCS2, None
    units = _units(text, alphabet, repertoire.doubles)
    only, each = _room(alphabet, shifts)
    if units <= only:
        return Split(alphabet, (text,), units, shifts)
    parts = _cut(text, _doubles(text, alphabet, repertoire), each)
    return Split(alphabet, parts, units, shifts)


def shifts_for(text: str, language: Language) -> Shifts | None:
    """The tables of `language` that write `text` in the fewest parts, or None when none helps.

    A text of the GSM alphabet gets tables only where they save a part, any other wherever they hold
    it. At the same count the single shift table is taken before the locking one, and both last: a
    handset that lacks a single table mostly shows the letter without its accent, one that lacks a
    locking table shows another letter.
    """
    plain = split(text)
    tried = [split(text, shifts) for shifts in Shifts.of(language)]
    fitting = [each for each in tried if each.alphabet is Alphabet.GSM7]
    best = min(fitting, key=lambda each: each.count, default=plain)
    return best.shifts if plain.alphabet is Alphabet.UCS2 or best.count < plain.count else None


def _repertoire(shifts: Shifts | None) -> Repertoire:
    return DEFAULT if shifts is None else shifted(shifts)


def _room(alphabet: Alphabet, shifts: Shifts | None) -> tuple[int, int]:
    """Units in the only part, and in each of several."""
    if shifts is None or alphabet is Alphabet.UCS2:
        return _ROOM[alphabet]
    return _ROOM_BOTH if shifts.single and shifts.locking else _ROOM_SHIFTED


def _units(text: str, alphabet: Alphabet, doubles: Set[str]) -> int:
    """Septets or UTF-16 code units of `text`; a lone surrogate counts as the one unit it is."""
    if alphabet is Alphabet.GSM7:
        return len(text) + sum(map(text.count, doubles))
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def _doubles(text: str, alphabet: Alphabet, repertoire: Repertoire) -> Set[str]:
    """The characters of `text` that take two units, which must stay in one part."""
    if alphabet is Alphabet.GSM7:
        return repertoire.doubles & set(text)
    return {char for char in set(text) if char > "\uffff"}


def _cut(text: str, doubles: Set[str], room: int) -> tuple[str, ...]:
    """`text` in parts of at most `room` units, each as full as whole characters allow."""
    if not doubles:
        return tuple(text[start : start + room] for start in range(0, len(text), room))
    parts = []
    start = used = 0
    for index, char in enumerate(text):
        width = 2 if char in doubles else 1
        if used + width > room:
            parts.append(text[start:index])
            start, used = index, 0
        used += width
    return (*parts, text[start:])
