"""The pages say what is true today: every example is checked, every command is run."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from smsflow import config
from smsflow.engine import routing, running, starting, turn
from smsflow.engine.language import grammar, literals, sms_checks, source
from smsflow.engine.language.compose import read
from smsflow.engine.language.issue_codes import CODES
from smsflow.engine.language.parse import Loaded, load
from smsflow.engine.language.source import Mapping, Sequence
from smsflow.engine.model import Caps
from smsflow.engine.templating import templates
from smsflow.engine.templating.filters import FILTERS
from smsflow.engine.templating.templates import compile_text
from smsflow.engine.transcripts.given import GIVEN
from smsflow.engine.transcripts.lines import OUT_KEYS, REPORTS, THEN, WHEN
from smsflow.engine.transcripts.playing import play
from smsflow.engine.transcripts.transcript import read_transcripts
from smsflow.engine.verbs import subflows
from smsflow.engine.words.compliance import STOP_WORDS
from smsflow.engine.words.replies import AnswerContext, AnswerSpec, Choice, Invalid, parse
from smsflow.engine.world import build
from smsflow.files import read_files
from tests.docs import console, mistakes, reference
from tests.docs.markdown import (
    DOCS,
    PAGES,
    ROOT,
    Block,
    all_blocks,
    anchor,
    blocks,
    generated,
    headings,
    links,
    name_of,
    rows,
)

LANGUAGE = DOCS / "language.md"
HEAD = """\
smsflow: 1
inputs:
  appointment: {type: object, fields: {id: text, at: datetime, place: text}}
  score: integer
triggers: [{api: true}]
"""
FLOWS = [
    each
    for each in all_blocks("yaml")
    if each.text.startswith("smsflow: 1")
    and "mistake" not in each.info
    and "fragment" not in each.info
]
PROJECTS = [
    each
    for each in all_blocks("yaml")
    if each.text.startswith("smsflow-project: 1") and "mistake" not in each.info
]
TRANSCRIPTS = [
    each for each in all_blocks("yaml") if each.text.startswith("smsflow-test: 1") and not each.path
]
_PLAYED = [page for page in PAGES if any(each.info[:1] == ("console",) for each in blocks(page))]
FRAGMENTS = [each for each in all_blocks("yaml") if "fragment" in each.info]


def by_place(found: list[Block]) -> list[object]:
    """The blocks as parameters that are named after page and line."""
    return [pytest.param(each, id=each.name) for each in found]


SAMPLES = {path.stem for path in (ROOT / "flows").glob("*.yaml")}


def load_flow(text: str, path: str = "flows/example.yaml") -> Loaded:
    """A flow within the sample project, beside its flow for codes, which examples run."""
    codes = {"flows/otp.yaml": (ROOT / "flows/otp.yaml").read_bytes()}
    return load({**mistakes.surroundings(), **codes, path: text.encode()})


def load_story(block: Block) -> Loaded:
    """A file of a page with all others that the page has in the end."""
    files = {
        each.path: each.text.encode()
        for each in (*blocks(block.page), block)
        if each.path and "mistake" not in each.info and not each.path.startswith("tests/")
    }
    return load({**mistakes.surroundings(), **files})


def told(loaded: Loaded) -> list[str]:
    """The issues in words; none is what the tests want. Examples may name the sample flows."""
    return [
        f"{issue} ({issue.hint})"
        for issue in loaded.issues
        if issue.code != "F313" or not any(f"'{name}'" in issue.message for name in SAMPLES)
    ]


# --- examples -------------------------------------------------------------------------------------


def test_every_block_of_yaml_is_of_a_kind_that_is_checked() -> None:
    """No example escapes: it is a flow, a project, a transcript, a fragment or a mistake."""
    known = {*FLOWS, *PROJECTS, *TRANSCRIPTS, *FRAGMENTS}
    for block in all_blocks("yaml"):
        assert block in known or "mistake" in block.info or block.path, block.name


@pytest.mark.parametrize("block", by_place(FLOWS))
def test_a_flow_is_sound(block: Block) -> None:
    """A whole flow of a page has no issue, not even a warning; one that the page has as a file is
    checked beside the page's other files."""
    assert told(load_story(block) if block.path else load_flow(block.text)) == []


@pytest.mark.parametrize("block", by_place(FRAGMENTS))
def test_a_fragment_is_sound(block: Block) -> None:
    """Steps are checked within a flow; other parts are read, and their keys are known."""
    documents, issues = read(block.text, block.name)
    assert issues == []
    root = documents[0].root
    if isinstance(root, Sequence) or (isinstance(root, Mapping) and root.get("steps")):
        steps = block.text if isinstance(root, Mapping) else f"steps:\n{block.text}"
        names = re.findall(r"goto: (\w+)", steps)
        sections = "".join(f"  {name}: [{{end: {name}}}]\n" for name in dict.fromkeys(names))
        whole = HEAD + steps + (f"sections:\n{sections}" if sections else "")
        assert told(load_flow(whole)) == []
    else:
        assert isinstance(root, Mapping)
        assert {key.text for key, _ in root} <= set(grammar.PROJECT)


@pytest.mark.parametrize("block", by_place(PROJECTS))
def test_a_project_is_sound(block: Block) -> None:
    """A whole smsflow.yaml of a page has no issue."""
    flow = "smsflow: 1\ntriggers: [{keyword: HELLO}]\nsteps: [{send: Hello}]\n"
    files = {"smsflow.yaml": block.text.encode(), "flows/hello.yaml": flow.encode()}
    assert told(load(files)) == []


@pytest.mark.parametrize("block", by_place(TRANSCRIPTS))
def test_a_transcript_passes(block: Block) -> None:
    """A whole test file of a page passes with the sample project."""
    loaded = load(read_files(ROOT))
    assert loaded.project is not None
    world = build(loaded.project, loaded.flows, secret=b"a-secret-of-tests")
    tests, issues = read_transcripts(block.text.encode(), block.name)
    assert issues == []
    for test in tests:
        played = play(test, world)
        assert played.passed, f"{test.name}: {played.reason}"


# --- the reference --------------------------------------------------------------------------------


def test_the_reference_is_that_of_the_grammar() -> None:
    """The tables are those that `python -m tests.docs` writes."""
    assert generated(LANGUAGE) == reference.tables(), "run: python -m tests.docs"


def test_every_filter_has_an_example() -> None:
    """The table of filters has all of them and no other."""
    named = {name for row in rows(LANGUAGE, _FILTERS) for name in re.findall(r"`(\w+)`", row[0])}
    assert named == set(FILTERS)


_FILTERS = "| filter | example | gives |"
_ANSWERS = "| question | text | is read as |"


@pytest.mark.parametrize("row", rows(LANGUAGE, _FILTERS), ids=lambda row: row[1])
def test_a_filter_gives_what_the_page_says(row: list[str]) -> None:
    """Each example of the table is rendered."""
    moment = datetime(2025, 3, 30, 9, 30, tzinfo=UTC)  # 10:30 in London, where summer has begun
    example, gives = row[1].strip("`"), row[2]
    text = compile_text(example).render({"moment": moment}, language="en", zone="Europe/London")
    assert text == gives


@pytest.mark.parametrize("row", rows(LANGUAGE, _ANSWERS), ids=lambda row: row[1])
def test_an_answer_is_read_as_the_page_says(row: list[str]) -> None:
    """Each example of the table is read."""
    question, text, wanted = row[0].strip("`"), row[1].strip("`"), row[2]
    choices = (Choice("wait", ("A",)), Choice("staff", ("B", "rude")))
    if question.startswith("choices"):
        spec = AnswerSpec("choice", choices=choices)
    else:
        kind = question.removeprefix("type: ")
        numeric = kind in ("integer", "decimal")
        spec = AnswerSpec(kind, minimum=1 if numeric else None, maximum=5 if numeric else None)
    found = parse(text, spec, AnswerContext(language="en", today=date(2025, 3, 10)))
    if isinstance(found, Invalid):
        assert wanted == "not understood"
    else:
        said = {True: "yes", False: "no"} if spec.type == "yesno" else {}
        assert said.get(found.value, str(found.value)) == wanted


def test_the_words_of_stop_are_real() -> None:
    """Every stop word that the page names is one."""
    text = LANGUAGE.read_text("utf-8")
    named = re.search(r"\*\*STOP\*\* \(also ([A-Z, ]+), \.\.\.\)", text)
    assert named is not None
    words = {word for words in STOP_WORDS.values() for word in words}
    assert set(named[1].split(", ")) <= words


def test_the_limits_are_those_of_the_code() -> None:
    """The table of limits has the numbers that the code has."""
    assert rows(LANGUAGE, "| what | bound |") == [
        ["steps without a wait", f"{running.MAX_STEPS}"],
        ["visits of one step in a session", f"{running.MAX_VISITS}"],
        ["texts sent in a session", f"{turn.MAX_TEXTS}"],
        ["flows that run each other", f"{subflows.MAX_DEPTH} deep"],
        [
            "starts of a flow for one contact",
            f"{starting.START_LIMIT.times} an hour, or the flow's `limits`",
        ],
        ["default replies to one contact", f"{routing.DEFAULT_REPLIES.times} an hour"],
        [
            "replies to one contact that no question invited",
            f"{starting.REPLIES.times} an hour, or `limits: {{replies: ...}}` in `smsflow.yaml`",
        ],
        [
            "marketing sessions that we open with one contact",
            f"{Caps().marketing.times} a day, or `limits: {{marketing: ...}}`; more wait",
        ],
        ["texts to one contact", "none, or `limits: {texts: 30/1d}`; more are refused"],
        [
            "texts to numbers alike but for their last four digits",
            "none, or `limits: {prefix: 500/1d}`; more are refused",
        ],
        ["texts to everybody", "none, or `limits: {total: 20000/1d}`; more are refused"],
        [
            "segments of a text",
            f"`check` warns above 1 and refuses above {sms_checks.MAX_SEGMENTS}",
        ],
        ["characters of a rendered text", f"{templates.MAX_OUTPUT:,}"],
        ["characters of a template", f"{templates.MAX_SOURCE:,}"],
        ["bytes of a file", f"{source.MAX_BYTES:,}"],
        ["levels in a file", f"{source.MAX_DEPTH}"],
        ["aliases in a file", f"{source.MAX_ALIASES}"],
        ["a duration", f"{literals.MAX_DAYS} days"],
    ]


def test_every_line_of_test_files_is_documented() -> None:
    """What can happen, what must follow and what is given are those that the reader knows."""
    heads = ("| what happens | |", "| what must follow | |", "| `given` | |")
    for head, known in zip(heads, (WHEN, THEN, GIVEN), strict=True):
        named = [re.match(r"`(\w+)", row[0]) for row in rows(LANGUAGE, head)]
        assert {found[1] for found in named if found} == set(known)
    text = LANGUAGE.read_text("utf-8")
    assert f"{{{', '.join(OUT_KEYS)}}}" in text
    states = re.search(r"`dlr` are (.*?)\.", text, re.DOTALL)
    assert states is not None
    assert set(re.findall(r"`(\w+)`", states[1])) == set(REPORTS)


# --- errors ---------------------------------------------------------------------------------------


def test_every_code_is_documented() -> None:
    """One heading for each code, with its meaning, and no other."""
    found = [each for each in headings(mistakes.PAGE) if re.match(r"F\d{3}:", each)]
    assert found == [f"{code}: {meaning}" for code, meaning in CODES.items()]
    assert {example.code for example in mistakes.examples()} == set(CODES)


@pytest.mark.parametrize("example", list(mistakes.examples()), ids=lambda each: each.code)
def test_an_example_yields_its_code_alone(example: mistakes.Example) -> None:
    """The example of a code makes that mistake, no other, and is told as the page says."""
    assert [issue.code for issue in example.issues()] == [example.code]
    assert example.told.text == example.message(), "run: python -m tests.docs"


@pytest.mark.parametrize("block", by_place([b for b in all_blocks("text") if len(b.info) == 4]))
def test_a_misspelt_sample_is_told_as_the_page_says(block: Block) -> None:
    """The message that a page shows for a mistake in a sample is the real one."""
    assert block.text == mistakes.spoilt(block), "run: python -m tests.docs"


# --- commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", _PLAYED, ids=name_of)
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """Every command of the page is run, in the order of its story, and prints just that."""
    for ran in console.play(page, tmp_path):
        assert console.settled(ran.block.text) == ran.output, (
            f"{ran.block.name}: python -m tests.docs"
        )


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_that_are_named_exist(page: Path) -> None:
    """Every `smsflow ...` of a page is a command of smsflow's with those options."""
    text = page.read_text("utf-8")
    lines = [line.removeprefix("$ ") for line in console.command_lines(page)]
    named = [found[1] for found in re.finditer(r"`(smsflow [^`\n]*)`", text)]
    for line in (*lines, *named):
        console.understand(line.removesuffix(" ..."))


# --- settings -------------------------------------------------------------------------------------


def test_every_setting_is_documented() -> None:
    """README names every variable that config.py reads, and none that it does not."""
    readme = (ROOT / "README.md").read_text("utf-8")
    for name in re.findall(r"\b(?:SMSFLOW_[A-Z_]+|DATABASE_URL|REDIS_URL|PORT)\b", config.__doc__):
        assert f"`{name}`" in readme or f"(or `{name}`)" in readme, name


def test_readme_has_its_two_commands() -> None:
    """One command sets all up and shows it; one runs the tests."""
    install = "python3 -m venv .venv && .venv/bin/python -m pip install -q -e"
    commands = [block.text for block in all_blocks("sh") if block.page == ROOT / "README.md"]
    assert f"{install} . && .venv/bin/smsflow demo\n" in commands
    assert f"{install} '.[test]' && .venv/bin/python -m pytest\n" in commands


# --- links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file or a heading of this repository resolves."""
    for target in links(page):
        file, _, name = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{name_of(page)}: {target}"
        if name:
            assert name in {anchor(each) for each in headings(there)}, f"{name_of(page)}: {target}"


def test_the_design_names_what_is_there() -> None:
    """Every module that docs/design.md names exists, and its layout leaves no folder out."""
    page = DOCS / "design.md"
    package = ROOT / "smsflow"
    for name in re.findall(r"`(?:smsflow/)?([a-z_/]+(?:\.py|/[a-z_]+))`", page.read_text("utf-8")):
        assert (package / name).exists() or (ROOT / name).exists(), name
    layout = next(each.text for each in blocks(page) if each.text.startswith("smsflow/\n"))
    shown = re.findall(r"^  ([a-z_]+(?:\.py|/))", layout, re.MULTILINE)
    assert [name for name in shown if not (package / name).exists()] == []
    folders = {f"{each.parent.name}/" for each in package.glob("*/*.py")} | {"starter/"}
    assert folders <= set(shown)
