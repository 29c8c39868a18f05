"""The gallery under docs/: each flow is sound, its transcripts play and reach what it can do."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from smsflow.engine.model import Flow
from smsflow.engine.transcripts.coverage import Reached, coverage
from smsflow.extending import load_folder
from tests.docs import gallery
from tests.docs.markdown import GALLERY, generated, links, name_of

NAMED = {
    *("opt-in-list", "poll", "quiz", "voucher", "delivery-window", "waiting-list"),
    *("incident-alert", "on-call-rota", "nps", "lead-capture", "order-status", "help-desk"),
}


def _flows() -> list[object]:
    return [
        pytest.param(folder, flow, id=f"{folder.name}/{flow.name}")
        for folder in gallery.FOLDERS
        for flow in gallery.project(folder).world.flows.values()
    ]


each_folder = pytest.mark.parametrize("folder", gallery.FOLDERS, ids=lambda folder: folder.name)
each_page = pytest.mark.parametrize("page", gallery.PAGES, ids=name_of)


def test_what_people_ask_for_is_there() -> None:
    assert {folder.name for folder in gallery.FOLDERS} >= NAMED


@each_folder
def test_it_is_sound(folder: Path) -> None:
    """No error and no warning, as `smsflow check` sees it."""
    assert load_folder(folder).issues == ()


@each_folder
def test_its_transcripts_play(folder: Path) -> None:
    for file, tests in gallery.played(folder).items():
        for each in tests:
            told = f"{folder.name}/{file}: {each.test.name}: {each.place}: {each.reason}"
            assert each.passed, f"{told} (got: {each.got})"


@pytest.mark.parametrize(("folder", "flow"), _flows())
def test_its_transcripts_come_to_all_of_it(folder: Path, flow: Flow) -> None:
    """Every step, way and language: who changes one has a test that tells them what they did."""
    found = Reached()
    for tests in gallery.played(folder).values():
        for each in tests:
            found.add(each.reached)
    missing = coverage(flow, found).missing
    assert [f"{each.place}: {each.step.id} {each.what}" for each in missing] == []


@each_page
def test_its_page_shows_the_files_that_are_tested(page: Path) -> None:
    assert generated(page) == gallery.parts(page), "run: python -m tests.docs"


@each_folder
def test_its_page_leaves_nothing_out(folder: Path) -> None:
    """Every flow and every line of Python is shown, and each file is a click away."""
    page = folder / "README.md"
    shown = {*generated(page), *links(page)}
    for file in (*folder.glob("flows/*.yaml"), *folder.glob("*.py")):
        assert f"file {file.relative_to(folder).as_posix()}" in shown
    assert {"smsflow.yaml", "tests/flows"} <= shown


def test_the_index_shows_all_of_them() -> None:
    page = GALLERY / "README.md"
    for folder in gallery.FOLDERS:
        assert f"{folder.name}/README.md" in set(links(page))
        assert any(name.startswith(f"phone {folder.name}/") for name in generated(page))


# --- the votes of the poll ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def votes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("votes_of_the_gallery", GALLERY / "poll/votes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_phone_has_one_vote(votes: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "votes.db"
    assert votes.count(file, "friday", "+447700900123", "curry") == {"curry": 1}
    assert votes.count(file, "friday", "+447700900124", "curry") == {"curry": 2}
    assert votes.count(file, "monday", "+447700900123", "salad") == {"salad": 1}
    assert votes.count(file, "friday", "+447700900123", "pizza") == {"curry": 1, "pizza": 1}


def test_the_longest_bar_is_ten_wide(votes: ModuleType) -> None:
    drawn = votes.bars({"pizza": 1, "curry": 30, "salad": 15})
    assert drawn.splitlines() == ["########## curry 30", "##### salad 15", "# pizza 1"]
