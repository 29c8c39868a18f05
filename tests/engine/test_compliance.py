"""Stop, start and help work whatever a project says, and their answers cost one part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsflow.engine.words.compliance import (
    HELP_WORDS,
    START_WORDS,
    STOP_WORDS,
    TEXTS,
    ComplianceWords,
)
from smsflow.sms.encoding import Alphabet, split

BUILT_IN = ComplianceWords()


@pytest.mark.parametrize(
    ("text", "opted_out", "meaning"),
    [
        ("STOP", False, "stop"),
        ("Stop!", False, "stop"),
        (" stop. ", True, "stop"),
        ("Stop all", False, "stop"),
        ("opt-out", False, "stop"),
        ("ARRÊT", False, "stop"),
        ("désabonner", False, "stop"),
        ("Abmelden", False, "stop"),
        ("baja", False, "stop"),
        ("stop it please", False, None),
        ("don't stop", False, None),
        ("help", False, "help"),
        ("Aide?", True, "help"),
        ("START", True, "start"),
        ("START", False, None),
        ("yes", True, "start"),
        ("Yes", False, None),
        ("", True, None),
        ("👍", True, None),
    ],
)
def test_a_whole_message_means_stop_start_help_or_nothing(
    text: str, opted_out: bool, meaning: str | None
) -> None:
    assert BUILT_IN.meaning(text, opted_out=opted_out) == meaning


def test_every_built_in_word_has_its_meaning() -> None:
    for words, meaning in ((STOP_WORDS, "stop"), (START_WORDS, "start"), (HELP_WORDS, "help")):
        for language in words.values():
            assert {BUILT_IN.meaning(word, opted_out=True) for word in language} == {meaning}


def test_a_project_adds_words_and_removes_none() -> None:
    words = ComplianceWords(stop=["ADIÓS", "help"], start=["ENCORE", "STOP"], help=["?!", "SOS"])
    assert words.meaning("adios", opted_out=False) == "stop"
    assert words.meaning("encore", opted_out=True) == "start"
    assert words.meaning("sos", opted_out=False) == "help"
    assert words.meaning("stop", opted_out=True) == "stop"
    assert words.meaning("help", opted_out=False) == "stop"
    assert words.meaning("!", opted_out=False) is None


def test_the_checker_hears_what_a_word_would_be_taken_for() -> None:
    assert BUILT_IN.of_word("Cancel") == "stop"
    assert BUILT_IN.of_word("yes") == "start"
    assert BUILT_IN.of_word("book") is None


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_each_built_in_text_is_one_gsm_part_in_each_language(name: str) -> None:
    assert set(TEXTS[name]) == {"en", "fr", "de", "es", "pt", "it", "nl"}
    for text in TEXTS[name].values():
        cut = split(text)
        assert (cut.alphabet, cut.count) == (Alphabet.GSM7, 1), text


@given(st.text(), st.booleans())
def test_any_text_can_be_asked_for_its_meaning(text: str, opted_out: bool) -> None:
    assert BUILT_IN.meaning(text, opted_out=opted_out) in ("stop", "start", "help", None)
