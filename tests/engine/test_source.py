"""The YAML subset: what stays text, what is refused, and where everything stands."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smsflow.engine.language.compose import read
from smsflow.engine.language.source import MAX_BYTES, Mapping, Scalar, Sequence, decode_file
from smsflow.errors import Place


def root(text: str) -> Mapping:
    """The mapping at the top of a text that has no issues."""
    documents, issues = read(text, "a.yaml")
    assert issues == []
    (document,) = documents
    assert isinstance(document.root, Mapping)
    return document.root


def value_of(text: str) -> object:
    """The value behind `a: `."""
    node = root(f"a: {text}\n").get("a")
    assert isinstance(node, Scalar)
    return node.value


@pytest.mark.parametrize(
    "text",
    [
        *("no", "NO", "on", "off", "yes", "Null", "~", "True", "21:00", "0123", "+447700900123"),
        *("1_000", "0x1F", "1e5", ".5", "-0123", "2025-03-30", "'true'", '"12"', "9" * 30),
    ],
)
def test_everything_else_stays_text(text: str) -> None:
    """What other loaders turn into booleans, numbers and dates is the text that was written."""
    assert value_of(text) == text.strip("'\"")


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("null", None), ("", None), ("12", 12), ("-3.5", -3.5)],
)
def test_five_plain_words_and_numbers_are_special(text: str, value: object) -> None:
    """true, false, null, nothing and plain decimal numbers have their own types."""
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_a_question_mark_may_stand_inside_braces() -> None:
    """PyYAML's own scanner refuses this text; libyaml, which is used here, reads it."""
    node = root("a: {en: Really?, fr: Vraiment?}").get("a")
    assert isinstance(node, Mapping)
    assert [(key.text, child.text) for key, child in node if isinstance(child, Scalar)] == [
        ("en", "Really?"),
        ("fr", "Vraiment?"),
    ]


def test_nodes_know_their_places() -> None:
    """Line and column count from 1, the length is that of what was written."""
    top = root("a:\n  - é: 'it''s'\n")
    (key, inner) = top.items[0]
    assert key.place == Place("a.yaml", 1, 1, 1)
    assert isinstance(inner, Sequence)
    (step,) = inner
    assert isinstance(step, Mapping)
    assert step.items[0][1].place == Place("a.yaml", 2, 8, 7)


@pytest.mark.parametrize(
    ("text", "needle", "line", "column"),
    [
        ("a: one two", "two", 1, 8),
        ("a: one\n  two", "two", 2, 3),
        ("a: 'it''s two'", "two", 1, 11),
        ('a: "\\"one\\" two"', "two", 1, 13),
        ("a: |\n  one\n   two\n", "two", 3, 4),
        ("a: |-\n  one\n\n  two\n", "two", 4, 3),
        ("a: >-\n  one\n  and\n\n  two\n", "two", 5, 3),
        ("a: >-\n    one\n    x two\n", "two", 3, 7),
    ],
)
def test_a_word_inside_a_text_is_found_in_the_file(
    text: str, needle: str, line: int, column: int
) -> None:
    """An offset in a text leads back to line and column, in every style of writing it."""
    node = root(text).get("a")
    assert isinstance(node, Scalar)
    place = node.place_at(node.text.index(needle))
    assert (place.line, place.column) == (line, column)


def codes(text: str) -> list[str]:
    """The codes of a text's issues."""
    return [issue.code for issue in read(text, "a.yaml")[1]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: " + "[" * 60 + "]" * 60, "F113"),
        ("a: " + "[" * 100_000, "F113"),
        ("a: &a [1]\nb: [" + "*a," * 101 + "]", "F114"),
        ("a: [" + "x," * 60_000 + "]", "F114"),
        ("a: &a [*a]", "F116"),
        ("a: &a b\n---\nc: *a", "F116"),
        ("a: \ud800", "F112"),
        ("a: b\u2028c: d", "F112"),
        ("a: b\x85", "F112"),
        ("%YAML 9.9\n---\na: b", "F101"),
        ("? [a]\n: b", "F115"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_what_could_hurt_is_refused(text: str, code: str) -> None:
    """Depth, aliases, size and invisible characters are bounded."""
    assert codes(text) == [code]


def test_an_alias_bomb_is_refused_at_once() -> None:
    """Ten lists of ten aliases each, nested, would be ten thousand million values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + f"*a{n - 1}," * 10 + "]" for n in range(1, 10)]
    begun = time.process_time()
    assert codes("\n".join(lines)) == ["F114"]
    assert time.process_time() - begun < 0.1


def test_nested_aliases_count_their_depth() -> None:
    """Depth that is built of aliases is depth all the same."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60)]
    assert codes("\n".join(lines)) == ["F113"]


def test_anchors_are_shared() -> None:
    """An alias stands for the very node that its anchor marks."""
    top = root("x-a: &a {b: c}\nd: *a")
    assert top.get("d") is top.get("x-a")


def test_a_file_that_is_no_text_is_told() -> None:
    """Bytes that are not UTF-8, are too many, or control something are issues with a place."""
    text, (issue,) = decode_file(b"a: b\nc: caf\xe9\n", "a.yaml")
    assert (text, issue.code, issue.place.line, issue.place.column) == ("", "F111", 2, 7)
    assert decode_file(b"a" * (MAX_BYTES + 1), "a.yaml")[1][0].code == "F110"
    assert decode_file(b"GIF89a\x00\x01", "a.yaml")[1][0].code == "F112"
    assert decode_file("a: b".encode("utf-16"), "a.yaml")[1][0].code == "F111"


def test_marks_of_other_systems_are_taken() -> None:
    """A byte order mark and line ends of other systems are no mistakes."""
    assert decode_file(b"\xef\xbb\xbfa: b\r\nc: d\re: f\n", "a.yaml") == ("a: b\nc: d\ne: f\n", [])


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
@example("{{")
@example("- a: *")
@example("a: !!python/object:os.system b")
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_raise(text: str) -> None:
    """Whatever stands in a file, reading it comes back, and an issue names that file."""
    _, issues = read(text, "a.yaml")
    assert all(issue.place.file == "a.yaml" for issue in issues)


@given(st.text(alphabet="ab: -{}[],\n#'\"|>&*!%@`?\\\t~<", max_size=80))
@settings(max_examples=500, deadline=None)
def test_no_yaml_like_text_makes_it_raise(text: str) -> None:
    """Every issue has a place that lies in the file."""
    _, issues = read(text, "a.yaml")
    lines = text.split("\n")
    for issue in issues:
        assert 1 <= issue.place.line <= len(lines) + 1
        assert issue.place.column >= 1
        assert issue.place.length >= 1


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_it_raise(data: bytes) -> None:
    """A file is decoded, or one issue says why not; what was decoded can be read."""
    text, issues = decode_file(data, "a.yaml")
    assert len(issues) <= 1
    assert not (issues and text)
    assert not any(issue.code in ("F111", "F112") for issue in read(text, "a.yaml")[1])
