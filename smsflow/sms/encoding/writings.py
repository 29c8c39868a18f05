"""The ways in which a text could be written, and what each costs.

An author who sees that a text takes three parts wants to know what would make it one, and what a
reader would lose by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from smsflow.sms.encoding.alphabets import Language
from smsflow.sms.encoding.parts import Split, shifts_for, split
from smsflow.sms.encoding.plainer import to_gsm
from smsflow.sms.encoding.transliteration import Transliteration, transliterate


@dataclass(frozen=True, slots=True)
class Writing:
    """One way of writing a text: the text it gives, its parts, and what is lost on the way.

    `lost` counts the characters of the original that the result has no more. `transliteration` is
    None unless a table of that name made it; `split.shifts` are the national tables it takes.
    """

    name: str  # such as "as it is", "with the Turkish single shift table"
    text: str
    split: Split
    lost: Mapping[str, int]
    transliteration: Transliteration | None = None


def cheapest(text: str, languages: Sequence[Language] = tuple(Language)) -> tuple[Writing, ...]:
    """The ways to write `text`, fewest parts first; at the same count what loses less comes first.

    As it is, always; with national tables of `languages`, in plainer characters (`to_gsm`) and by
    each transliteration where that makes GSM-7 of UCS-2 or saves a part. Of several that give the
    same text in the same alphabet only the first is named.
    """
    plain = split(text)
    ways = [Writing("as it is", text, plain, {})]
    seen = {text}
    for language in languages:
        if shifts := shifts_for(text, language):
            ways.append(Writing(f"with {shifts}", text, split(text, shifts), {}))
    for name, table, written in _rewritten(text):
        cut = split(written)
        gains = cut.alphabet is not plain.alphabet or cut.count < plain.count
        if gains and written not in seen:
            lost = dict(Counter(text) - Counter(written))
            ways.append(Writing(name, written, cut, lost, table))
        seen.add(written)
    return tuple(sorted(ways, key=lambda way: (way.split.count, sum(way.lost.values()))))


def _rewritten(text: str) -> Iterator[tuple[str, Transliteration | None, str]]:
    """Name, table and result of each rewriting, the gentlest first."""
    yield "in plainer characters", None, to_gsm(text)
    for table in Transliteration:
        yield f"transliterated as {table}", table, transliterate(text, table)
