"""Texts of a YAML file written anew, and every other byte left as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.author.rewriting import CantRewrite, rewritten
from smsflow.author.updating import word_diff
from smsflow.engine.language.compose import read
from smsflow.engine.language.source import Mapping, Scalar, Sequence
from smsflow.errors import Place

FILE = """\
# about
steps:   # wide
- out: Hello.   # a comment

- out: 'It''s me'
- out:  "a\\tb"
- {out: Hi there, lang: en}
- out: |-
    One

    Two

  # between
- out: >-
    long
    words
- out: on two
    lines
last: yes
"""
PLACES = [(3, 8), (5, 8), (6, 9), (7, 9), (8, 8), (14, 8), (17, 8)]
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


def texts_of(data: bytes) -> list[str]:
    """The values under `out`."""
    (document,), issues = read(data.decode("utf-8-sig").replace("\r\n", "\n"), "f")
    assert issues == []
    assert isinstance(document.root, Mapping)
    steps = document.root.get("steps")
    assert isinstance(steps, Sequence)
    found = [step.get("out") for step in steps if isinstance(step, Mapping)]
    return [each.text for each in found if isinstance(each, Scalar)]


def renewed(texts: dict[tuple[int, int], str], file: bytes = FILE.encode()) -> bytes:
    """The file with other texts at those lines and columns."""
    return rewritten(file, {Place("f", *at): text for at, text in texts.items()})


def test_a_text_keeps_its_form() -> None:
    """Plain, in quotes, in braces, as a block; comments and empty lines stay."""
    words = ["Bye.", "It's you", "c\td", "Ho", "Three\n\n  Four", "other words", "on one"]
    assert (
        renewed(dict(zip(PLACES, words, strict=True))).decode()
        == """\
# about
steps:   # wide
- out: Bye.   # a comment

- out: 'It''s you'
- out:  "c\\td"
- {out: Ho, lang: en}
- out: |-
    Three

      Four

  # between
- out: >-
    other words
- out: on one
last: yes
"""
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a: b", '"a: b"'),
        ("Press #1", '"Press #1"'),
        ("Press 1#", "Press 1#"),
        ("", '""'),
        (" a", '" a"'),
        ("{{ x }}", '"{{ x }}"'),
        ("- a", '"- a"'),
        ("one\ntwo", '"one\\ntwo"'),
    ],
)
def test_a_plain_text_gets_quotes_where_it_needs_them(text: str, written: str) -> None:
    """Its comment stays where it is."""
    assert f"- out: {written}   # a comment\n" in renewed({(3, 8): text}).decode()


def test_a_comma_in_braces_needs_quotes() -> None:
    """Which it doesn't anywhere else."""
    found = renewed({(7, 9): "Hi, you", (3, 8): "Hi, you"}).decode()
    assert '{out: "Hi, you", lang: en}' in found
    assert "- out: Hi, you   #" in found


@given(st.lists(TEXTS, min_size=len(PLACES), max_size=len(PLACES)))
def test_any_text_can_be_written_in_any_form(words: list[str]) -> None:
    """It is read back as it was, and the lines that hold no text are the same."""
    found = renewed(dict(zip(PLACES, words, strict=True)))
    assert texts_of(found) == words
    kept = ("# about", "steps:   # wide", "  # between", "last: yes")
    assert [line for line in found.decode().split("\n") if line in kept] == list(kept)


def test_line_breaks_and_the_byte_order_mark_stay() -> None:
    """A file of another system is still one; what is new has its line breaks."""
    file = b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode()
    found = renewed({(8, 8): "Three\nFour", (3, 8): "Bye."}, file)
    expected = FILE.replace("One\n\n    Two", "Three\n    Four").replace("Hello.", "Bye.")
    assert found == b"\xef\xbb\xbf" + expected.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("file", "at", "why"),
    [
        ("steps:\n- out: &a Hello.\n- out: *a\n", (2, 8), "it has an anchor"),
        ("steps:\n- out: Hello.\n", (2, 9), "there is no text of its own"),
    ],
)
def test_what_cant_be_written_is_told(file: str, at: tuple[int, int], why: str) -> None:
    """A text that others share, and one that is none."""
    with pytest.raises(CantRewrite, match=why):
        renewed({at: "Bye."}, file.encode())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("a b c", "a b c", " a b c"),
        ("a b c", "a x c", " a |-b|+x|  c"),
        ("a b c d", "a x y d", " a |-b c|+x y|  d"),
        ("a", "a b", " a|+ b"),
        ("", "a", "+a"),
        ("a", "", "-a"),
    ],
)
def test_texts_are_compared_word_by_word(old: str, new: str, told: str) -> None:
    """Words that change beside each other are one change."""
    assert "|".join(f"{kind}{text}" for kind, text in word_diff(old, new)) == told


@given(TEXTS, TEXTS)
def test_a_comparison_holds_both_texts(old: str, new: str) -> None:
    """Nothing is lost in it."""
    found = list(word_diff(old, new))
    assert "".join(text for kind, text in found if kind != "+") == old
    assert "".join(text for kind, text in found if kind != "-") == new
