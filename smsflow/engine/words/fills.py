"""One text that answers several questions: `BOOK friday 4` asks only for what is left.

The words after a keyword are shared out among the questions in their order, each question getting
words that stand together and that its answer needs: without "May" 12 May is another day, while "for
4 people" says no more than 4. Of all ways to do so the one counts that makes use of the most words,
then the one that answers the most questions, then the one with the least free text, then the one
that gives the earlier ones the fewest words. Questions that are left may take what is left over,
in any order: "BOOK 4 friday".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smsflow.engine.words.answer_words import FILLERS
from smsflow.engine.words.answers import AnswerContext, AnswerSpec, Invalid, Parsed
from smsflow.engine.words.folding import fold
from smsflow.engine.words.replies import parse

_MOST_WORDS = 12  # words that are shared out; a free text at the end takes all that follow
_LONGEST = 6  # words of one answer that is no free text


@dataclass(frozen=True, slots=True)
class Filled:
    """What a text says to each question.

    `answers` has the ones that are answered, `said` the words that do so, `invalid` the ones that
    a part of the text seems to be meant for and does not answer; all others are missing.
    """

    answers: Mapping[str, Parsed]
    said: Mapping[str, str]
    invalid: Mapping[str, Invalid]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One way to share out words: (question, first word, after the last word) for each."""

    used: int = 0
    understood: int = 0  # words of answers that are no free text
    parts: tuple[tuple[int, int, int], ...] = ()

    @property
    def rank(self) -> tuple[int, int, int, tuple[int, ...]]:
        """What the best plan has the most of."""
        lengths = tuple(begin - end for _, begin, end in self.parts)
        return self.used, len(self.parts), self.understood, lengths


def fill(
    args: Sequence[str], questions: Sequence[tuple[str, AnswerSpec]], context: AnswerContext
) -> Filled:
    """Share the words after a keyword out among the questions; see `Filled`."""
    return _Sharing(args, questions, context).shared()


def _same(one: Parsed, other: Parsed | Invalid) -> bool:
    return isinstance(other, Parsed) and bool(one.value == other.value)


class _Sharing:
    """The words and questions of one text, and what each run of words says to each question."""

    def __init__(
        self,
        args: Sequence[str],
        questions: Sequence[tuple[str, AnswerSpec]],
        context: AnswerContext,
    ) -> None:
        self._words = list(args)
        self._questions = questions
        self._context = context
        self._count = min(len(self._words), _MOST_WORDS)
        self._read: dict[tuple[int, int, int], Parsed | Invalid] = {}

    def shared(self) -> Filled:
        parts = list(self._best().parts)
        self._take_left_over(parts)
        names = [name for name, _ in self._questions]
        answers: dict[str, Parsed] = {}
        said: dict[str, str] = {}
        for part in sorted(parts):
            parsed = self._reading(*part)
            if isinstance(parsed, Parsed):
                answers[names[part[0]]] = parsed
                said[names[part[0]]] = self._text(*part[1:])
        invalid = self._invalid(parts)
        missing = tuple(name for name in names if name not in answers and name not in invalid)
        return Filled(answers, said, invalid, missing)

    def _best(self) -> _Plan:
        """The best plan, from the last question and the last word backwards."""
        after = [_Plan()] * (self._count + 1)  # by the word at which it may begin
        for question in reversed(range(len(self._questions))):
            plans = list(after)
            for begin in reversed(range(self._count)):
                mine = [self._with(question, begin, end, after) for end in self._ends(begin)]
                options = [after[begin], plans[begin + 1], *(plan for plan in mine if plan)]
                plans[begin] = max(options, key=lambda plan: plan.rank)
            after = plans
        return after[0]

    def _ends(self, begin: int) -> range:
        return range(begin + 1, self._count + 1)

    def _with(self, question: int, begin: int, end: int, after: list[_Plan]) -> _Plan | None:
        """The plan in which a question takes these words, when they answer it."""
        if not self._needs(question, begin, end):
            return None
        rest = after[end]
        length = end - begin
        free = self._questions[question][1].type == "text"
        return _Plan(
            rest.used + length,
            rest.understood + (0 if free else length),
            ((question, begin, end), *rest.parts),
        )

    def _needs(self, question: int, begin: int, end: int) -> bool:
        """True when these words answer a question, and without the first or last one don't."""
        parsed = self._reading(question, begin, end)
        if not isinstance(parsed, Parsed):
            return False
        shorter = ((begin + 1, end), (begin, end - 1)) if end - begin > 1 else ()
        return not any(_same(parsed, self._reading(question, *part)) for part in shorter)

    def _reading(self, question: int, begin: int, end: int) -> Parsed | Invalid:
        part = question, begin, end
        if part not in self._read:
            spec = self._questions[question][1]
            if spec.type != "text" and end - begin > _LONGEST:
                self._read[part] = Invalid("too many words for one answer")
            else:
                self._read[part] = parse(self._text(begin, end), spec, self._context)
        return self._read[part]

    def _text(self, begin: int, end: int) -> str:
        return " ".join(self._words[begin : len(self._words) if end == self._count else end])

    def _folded(self, begin: int, end: int) -> list[str]:
        return fold(self._text(begin, end)).split()

    def _take_left_over(self, parts: list[tuple[int, int, int]]) -> None:
        """Let questions without an answer take words that nobody took."""
        for question in range(len(self._questions)):
            if any(question == part[0] for part in parts):
                continue
            for gap in self._gaps(parts):
                runs = ((b, e) for b in range(*gap) for e in range(gap[1], b, -1))
                fitting = next((run for run in runs if self._needs(question, *run)), None)
                if fitting is not None:
                    parts.append((question, *fitting))
                    break

    def _gaps(self, parts: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
        """The runs of words that no question has."""
        gaps: list[tuple[int, int]] = []
        at = 0
        for begin, end in [*sorted(part[1:] for part in parts), (self._count, self._count)]:
            if at < begin:
                gaps.append((at, begin))
            at = max(at, end)
        return gaps

    def _invalid(self, parts: list[tuple[int, int, int]]) -> dict[str, Invalid]:
        """For each question without an answer the next run of words left over, and why not."""
        gaps = [gap for gap in self._gaps(parts) if not FILLERS.issuperset(self._folded(*gap))]
        open_ = [at for at in range(len(self._questions)) if all(at != part[0] for part in parts)]
        return {
            self._questions[question][0]: reading
            for question, (begin, end) in zip(open_, gaps, strict=False)
            if isinstance(reading := self._reading(question, begin, end), Invalid)
        }
