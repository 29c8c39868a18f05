"""Texts that all flows share: `texts/<language>.yaml`, and every mistake in such a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from smsflow.engine.comparing import Change, compare
from smsflow.engine.language.parse import Loaded, load, read_bundle
from smsflow.engine.model import Flow, Send
from smsflow.errors import Place
from smsflow.files import is_project_file, marks, read_files
from tests.engine.reading_helpers import PROJECT, only

FLOW = """\
smsflow: 1
languages: [en, fr]
triggers: [{keyword: GO}]
steps:
  - send: {text: hi}
"""
EN, FR = "texts/en.yaml", "texts/fr.yaml"


def read(files: Mapping[str, str], flow: str = FLOW, project: str = PROJECT) -> Loaded:
    """The small project with this flow and these files."""
    whole = {"smsflow.yaml": project, "flows/x.yaml": flow, **files}
    return load({name: text.encode() for name, text in whole.items()})


def flow_of(files: Mapping[str, str], flow: str = FLOW) -> Flow:
    loaded = read(files, flow)
    assert loaded.issues == ()
    return loaded.flows["x"]


def sent(flow: Flow) -> list[dict[str, str]]:
    return [
        {language: each.source for language, each in step.text.variants.items()}
        for step in flow.steps.values()
        if isinstance(step, Send)
    ]


# --- whole ----------------------------------------------------------------------------------------


def test_a_flow_sends_the_texts_of_the_project() -> None:
    """In the order of its languages, with the place in their own file; `x-` keys are nobody's."""
    flow = flow_of({FR: "x-a: [1]\n# a\nhi: Salut\n", EN: "bye: Bye\nhi: |\n  Hi\n  you\n"})
    assert sent(flow) == [{"en": "Hi\nyou\n", "fr": "Salut"}]
    (step,) = (each for each in flow.steps.values() if isinstance(each, Send))
    assert [each.place for each in step.text.variants.values()] == [
        Place(EN, 2, 5),
        Place(FR, 3, 5, 5),
    ]


def test_the_flow_s_own_text_goes_first() -> None:
    """A name under `texts` hides that of the project, in every language."""
    own = FLOW + "texts:\n  hi: {en: Mine, fr: Le mien}\n  yo: {text: all}\n"
    flow = flow_of({EN: "hi: Hi\nall: All\n", FR: "hi: Salut\nall: Tout\n"}, own)
    assert sent(flow) == [{"en": "Mine", "fr": "Le mien"}]


def test_smsflow_yaml_names_them_too() -> None:
    """The default reply, an answer to a keyword of compliance, the words of an answer set."""
    project = PROJECT + (
        "default_reply: {text: sorry}\n"
        "compliance: {texts: {help: {text: help}}}\n"
        "answers: {yes: {type: yesno, retry: {text: {text: sorry}}}}\n"
    )
    flow = "smsflow: 1\nsteps:\n  - ask: Well?\n    save: a\n    type: answers.yes\n"
    loaded = read({EN: "sorry: Pardon?\nhelp: Call us.\n"}, flow, project)
    assert loaded.issues == ()
    assert loaded.project is not None
    assert loaded.project.default_reply is not None
    assert loaded.project.default_reply.variants["en"].source == "Pardon?"
    assert json.loads(loaded.bundles["x"])["texts"] == {"en": {"sorry": ["Pardon?", 1, 8, 7]}}
    assert {str(each) for each in loaded.catalogues.uses["sorry"]} >= {"smsflow.yaml:7:23"}


def test_a_catalogue_may_be_empty_and_its_texts_unused() -> None:
    """What nobody asks for is no mistake, as with templates."""
    assert flow_of({EN: "hi: Hi\nbye: Bye\n", FR: "hi: Salut\n", "texts/_old.yaml": "]"})
    assert read({EN: "# none yet\n"}, "smsflow: 1\nsteps: [{send: Hi}]\n").issues == ()


def test_a_version_has_the_texts_that_it_uses() -> None:
    """Another word in one of them is another version; other texts, lines and comments are not."""
    files = {EN: "hi: Hi\n", FR: "hi: Salut\n"}
    flow = flow_of(files)
    assert flow_of({**files, FR: "# new\nbye: Adieu\nhi: 'Salut'\n"}).version == flow.version
    newer = flow_of({**files, FR: "hi: Bonjour\n"})
    assert newer.version != flow.version
    (change,) = compare(flow, newer)
    assert (change.change, change.what) == (Change.TEXT, "send 'main/send-1': text changed in fr")


def test_old_sessions_keep_their_words() -> None:
    """A bundle holds the texts of its flow and no others, and gives the same flow back."""
    loaded = read({EN: "bye: Bye\nhi: |\n  Hi {{ contact.phone }}\n", FR: "hi: Salut\n"})
    assert loaded.project is not None
    bundle = loaded.bundles["x"]
    assert "Bye" not in bundle
    assert read_bundle(bundle, loaded.project) == loaded.flows["x"]


def test_they_are_files_of_a_project(tmp_path: Path) -> None:
    """So `smsflow dev` watches them, and `smsflow diff` reads them from git."""
    (tmp_path / "texts").mkdir()
    (tmp_path / EN).write_text("hi: Hi\n")
    assert list(marks(tmp_path)) == [tmp_path / EN]
    assert read_files(tmp_path) == {EN: b"hi: Hi\n"}
    assert is_project_file(EN)
    assert not is_project_file("texts/fr.po")
    assert not is_project_file("texts/old/fr.yaml")


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "code", "place", "message", "hint"),
    [
        pytest.param(
            {EN: "hii: Hi", FR: "hii: Salut"},
            "F304", "flows/x.yaml:5:18", "there is no text 'hi'", "did you mean 'hii'?",
            id="no such name",
        ),
        pytest.param(
            {"texts/french.yaml": "hi: Salut", EN: "hi: Hi", FR: "hi: Salut"},
            "F310", "texts/french.yaml:1:1", "'french' is no language code",
            "name the file after the language of its texts, such as texts/fr.yaml",
            id="a file name that is no language",
        ),
        pytest.param(
            {"texts/de.yaml": "hi: Hallo", EN: "hi: Hi", FR: "hi: Salut"},
            "F311", "texts/de.yaml:1:1", "'de' is not one of the project's languages (en, fr)",
            "add it to `languages` in smsflow.yaml",
            id="an unknown language",
        ),
        pytest.param(
            {"texts/fr.yml": "hi: Salut", EN: "hi: Hi", FR: "hi: Salut"},
            "F310", "texts/fr.yml:1:1",
            "texts/fr.yml is not read: the name of a catalogue ends with .yaml",
            "name it texts/fr.yaml",
            id="another ending",
        ),
        pytest.param(
            {EN: "- hi", FR: "hi: Salut"},
            "F202", "texts/en.yaml:1:1",
            "a mapping of names to texts is expected here, not a list", "such as welcome: Hello.",
            id="a list",
        ),
        pytest.param(
            {EN: "hi: Hi\n---\nhi: Ho\n", FR: "hi: Salut"},
            "F201", "texts/en.yaml:3:1", "this file has several documents",
            "write one mapping of names to texts",
            id="two documents",
        ),
        pytest.param(
            {EN: "hi: Hi\nhi: Ho\n", FR: "hi: Salut"},
            "F102", "texts/en.yaml:2:1", "the key 'hi' stands here twice",
            "the first is on line 1",
            id="a name twice",
        ),
        pytest.param(
            {EN: "hi: {en: Hi}", FR: "hi: Salut"},
            "F202", "texts/en.yaml:1:5", "a text is expected here, not a mapping",
            "each language has a file of its own, such as texts/fr.yaml;"
            " a text with ': ' wants quotes",
            id="a mapping as a text",
        ),
        pytest.param(
            {EN: "hi:\n", FR: "hi: Salut"},
            "F210", "texts/en.yaml:1:4", "a text is expected here; nothing stands here",
            "write it behind the colon; one that begins with # needs quotes",
            id="no text",
        ),
        pytest.param(
            {EN: "hi: Hi\ntwo words: Ho\n", FR: "hi: Salut"},
            "F310", "texts/en.yaml:2:1", "'two words' can't be the name of a text",
            "letters, digits, _ and -, such as welcome",
            id="a name of two words",
        ),
        pytest.param(
            {EN: "hi: |\n  Hi\n  {{ contact.phone }\n", FR: "hi: Salut"},
            "F401", "texts/en.yaml:3:3", "this text can't be read: unexpected '}'",
            "values stand in {{ }}, conditions in {% if ... %} ... {% endif %}",
            id="a broken template",
        ),
        pytest.param(
            {EN: "hi: Hi\nbye: 'Hi {{ x'\n", FR: "hi: Salut"},
            "F401", "texts/en.yaml:2:7",
            "this text can't be read: unexpected end of template,"
            " expected 'end of print statement'.",
            "values stand in {{ }}, conditions in {% if ... %} ... {% endif %}",
            id="a broken template that nobody uses",
        ),
        pytest.param(
            {EN: "hi: |\n  Hi\n  all {{ n }}\n", FR: "hi: Salut"},
            "F402", "texts/en.yaml:3:10", "'n' may be unset: nothing sets it",
            "write {{ n | default('none') }} or set it first",
            id="a name that nothing sets",
        ),
        pytest.param(
            {EN: "hi: Hi #1\n", FR: "hi: Salut"},
            "F108", "texts/en.yaml:1:8", "YAML cuts this text here, for ' #' begins a comment",
            'put the text in quotes: "Hi #1", or two spaces before a comment',
            id="cut by a comment",
        ),
        pytest.param(
            {EN: "hi: Hi\n", FR: "hi: " + "ab" * 500},
            "F603", "texts/fr.yaml:1:5", "fr: this text needs 7 segments; at most 3 are sent",
            "make it shorter",
            id="too long",
        ),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place_and_its_cure(
    files: dict[str, str], code: str, place: str, message: str, hint: str
) -> None:
    """One issue, in the file that has to be mended."""
    loaded = read(files)
    issue = only(loaded)
    assert (issue.code, str(issue.place), issue.message, issue.hint) == (code, place, message, hint)
    assert issue.level == "error"


@pytest.mark.parametrize(
    ("files", "code", "place", "message", "hint"),
    [
        pytest.param(
            {EN: "hi: Hi"},
            "F601", "flows/x.yaml:5:18", "the text 'hi' is missing in fr",
            "write it in texts/fr.yaml",
            id="missing in a language",
        ),
        pytest.param(
            {EN: "hi: Hi", FR: "hi: Voilà 4 €, ç'est tout, " + "ab" * 40},
            "F602", "texts/fr.yaml:1:16",
            "fr: 'ç' is not in GSM-7, so this text needs 2 segments instead of 1",
            "write it another way, or make the text shorter",
            id="dear",
        ),
    ],
)  # fmt: skip
def test_a_warning_leaves_the_flow(
    files: dict[str, str], code: str, place: str, message: str, hint: str
) -> None:
    """Readers of the other languages get the text."""
    loaded = read(files)
    issue = only(loaded)
    assert (issue.code, str(issue.place), issue.message, issue.hint) == (code, place, message, hint)
    assert issue.level == "warning"
    assert "x" in loaded.flows


def test_a_mistake_of_an_unused_text_leaves_the_flow() -> None:
    """Only flows that name a broken text are missing."""
    assert "x" in read({EN: "hi: Hi\nbye: ''\n", FR: "hi: Salut\n"}).flows
    assert "x" not in read({EN: "hi: ''\nbye: Bye\n", FR: "hi: Salut\n"}).flows
