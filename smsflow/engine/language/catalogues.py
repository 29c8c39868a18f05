"""Catalogues of texts: the texts of each language by name, which all flows of a project share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from smsflow.engine.language.source import Scalar
from smsflow.errors import Issue, Place

FOLDER = "texts"


def path_of(language: str) -> str:
    """The file of a language's texts."""
    return f"{FOLDER}/{language}.yaml"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language, by name, in the order of the file."""

    texts: Mapping[str, Scalar] = field(default_factory=dict)
    unread: Mapping[str, Issue] = field(default_factory=dict)  # names whose text can't be read
    broken: Issue | None = None  # why nothing of the file can be read

    def trouble(self, name: str) -> Issue | None:
        """Why the text of that name is not known, when that is a mistake in this file."""
        return self.broken or self.unread.get(name)


@dataclass(slots=True)
class Catalogues:
    """The catalogues of a project by language, and the places where their texts are named."""

    by_language: Mapping[str, Catalogue] = field(default_factory=dict)
    uses: dict[str, set[Place]] = field(default_factory=dict)

    def text(self, language: str, name: str) -> Scalar | None:
        """The text of that name in that language, as it stands in its file."""
        catalogue = self.by_language.get(language)
        return catalogue.texts.get(name) if catalogue else None

    def names(self, languages: Iterable[str]) -> list[str]:
        """The names in these languages: those of the first one in their order, then the others."""
        found = (self.by_language[each].texts for each in languages if each in self.by_language)
        return list(dict.fromkeys(name for texts in found for name in texts))

    def note_use(self, name: Scalar) -> None:
        """Note that a text is asked for by that name."""
        self.uses.setdefault(name.text, set()).add(name.place)


# --- those that one flow uses, kept with its version ----------------------------------------------

Used = Mapping[str, Mapping[str, Scalar]]  # by language and name


def words_of(used: Used) -> dict[str, dict[str, str]]:
    """What the texts say, wherever they stand."""
    return {
        language: {name: each.text for name, each in texts.items()}
        for language, texts in used.items()
    }


def as_json(used: Used) -> dict[str, dict[str, list[str | int]]]:
    """The texts with line, column and length, for a bundle."""
    return {
        language: {
            name: [each.text, each.place.line, each.place.column, each.place.length]
            for name, each in texts.items()
        }
        for language, texts in used.items()
    }


def from_json(content: Mapping[str, Mapping[str, tuple[str, int, int, int]]]) -> Catalogues:
    """What `as_json` gave, as catalogues of no other texts."""
    found: dict[str, Catalogue] = {}
    for language, texts in content.items():
        file = path_of(language)
        found[language] = Catalogue(
            {
                name: Scalar(text, False, Place(file, *at), text)
                for name, (text, *at) in texts.items()
            }
        )
    return Catalogues(found)
