"""The phone page in a real browser: what a developer sees and does, by hand and by keyboard.

Needs Playwright and a Chromium; without them the tests are skipped, under CI they are required.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsflow.dev import Workshop
from tests.workshop import opened, samples

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

CHROMIUM = Path(os.environ.get("SMSFLOW_TEST_CHROMIUM", "/usr/bin/chromium"))
PATIENCE = 10_000  # milliseconds

# A closed network refuses whatever the browser would like to fetch for itself.
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


def unavailable(why: str) -> None:
    """Skip, or fail where a browser has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{why}, and CI has to have it")
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("Playwright is not installed")
    if not CHROMIUM.exists():
        unavailable(f"there is no Chromium at {CHROMIUM} (SMSFLOW_TEST_CHROMIUM names another)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """The sample project at work; each test has phones of its own."""
    with opened(samples(tmp_path_factory.mktemp("phone"))) as workshop:
        yield workshop


@pytest.fixture
def page(browser: Browser, workshop: Workshop) -> Iterator[Page]:
    """The page, in a browser that remembers nothing; errors on it fail the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(f"{workshop.service.url}/phone")
    page.locator(".phone").wait_for()
    yield page
    context.close()
    assert wrong == []


def phone(page: Page, number: str) -> Locator:
    """The phone with that number; added to the page by hand."""
    page.get_by_label("Add a phone").fill(number)
    page.get_by_label("Add a phone").press("Enter")
    found = page.locator(f'.phone[aria-label="Phone {number}"]')
    found.wait_for()
    return found


def says(card: Locator, text: str) -> None:
    card.locator("textarea").fill(text)
    card.locator("textarea").press("Enter")


def hears(card: Locator, text: str, about: str) -> None:
    """A text of ours that begins so, and what stands under it."""
    bubble = card.locator(".theirs", has_text=text).filter(has_text=re.compile(about))
    bubble.first.wait_for()


def test_a_text_is_answered_and_delivered(page: Page) -> None:
    """A keyword is texted with Enter; the answer comes by itself, with parts, number and state."""
    card = phone(page, "+44 7700 900 301")
    says(card, "hours")
    hears(card, "We are open Mon-Sat", "via main.*1 part.*Delivered")
    assert card.locator(".mine .words").inner_text() == "hours"


def test_a_failed_text_is_taken_up_by_the_backup_number(page: Page) -> None:
    """The handset fails through the first number; both tries stand in the chat."""
    card = phone(page, "+44 7700 900 302")
    card.locator("summary").click()
    card.locator("select[data-provider=primary]").select_option("undeliverable")
    card.locator(".does", has_text="via main undeliverable").wait_for()
    says(card, "login")
    hears(card, "is your Acme code", "via main.*Undeliverable")
    hears(card, "is your Acme code", "via backup.*Delivered")
    assert card.locator(".to select").input_value() == "backup"


def test_stop_is_confirmed_and_ends_texts(page: Page) -> None:
    """After STOP a keyword brings nothing, and the trace says why."""
    card = phone(page, "+44 7700 900 303")
    says(card, "STOP")
    hears(card, "You are unsubscribed", "Delivered")
    says(card, "hours")
    page.locator("#trace", has_text="the contact has opted out").wait_for()
    assert card.locator(".theirs").count() == 1


def test_markup_that_is_texted_stays_text(page: Page) -> None:
    """A text with HTML is shown as it was typed, and makes no element."""
    card = phone(page, "+44 7700 900 304")
    text = "<img src=x onerror=document.title='bad'><b>bold</b>"
    says(card, text)
    card.locator(".theirs.is-done").wait_for()
    assert card.locator(".mine .words").inner_text() == text
    assert card.locator(".chat img, .chat b").count() == 0
    assert page.title() == "Phone · Acme"


def test_a_flow_is_started_by_its_form_and_time_passes(page: Page) -> None:
    """The form has the flow's inputs, among them an appointment in three days at 10:30; in three
    days the reminder is there, asked and traced, at whatever hour this is run."""
    card = phone(page, "+44 7700 900 305")
    flow = page.locator(".flow", has_text="appointment-reminder")
    flow.locator("summary").click()
    flow.get_by_label("id").fill("A7")
    flow.get_by_label("place").fill("Elm Road")
    flow.get_by_role("button", name="Start for").click()
    page.locator("#trace", has_text="appointment-reminder").wait_for()
    for _ in range(3):
        page.get_by_role("button", name="+1 day").click()
        page.locator("body:not(.passing)").wait_for()
    hears(card, "your appointment at Elm Road", "Delivered")
    page.locator("#ahead", has_text="3 d ahead").wait_for()


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    """Tab goes from the skip link to the phone; Enter sends, Escape closes, focus is never lost."""
    page.locator("body").press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the phones"
    page.locator(":focus").press("Enter")
    card = page.locator(".phone")
    names = []
    for _ in range(6):
        page.keyboard.press("Tab")
        names.append(page.locator(":focus").evaluate("node => node.tagName"))
    assert names == ["BUTTON", "SUMMARY", "OL", "SELECT", "TEXTAREA", "BUTTON"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("hours")
    page.keyboard.press("Enter")
    hears(card, "We are open", "Delivered")
    assert page.locator(":focus").evaluate("node => node.tagName") == "TEXTAREA"
    card.locator("summary").press("Enter")
    card.locator(".choices select").first.press("Escape")
    assert page.locator(":focus").evaluate("node => node.tagName") == "SUMMARY"
    assert card.locator("details[open]").count() == 0


def test_several_phones_stand_side_by_side(page: Page) -> None:
    """They are added, remembered by the browser, and removed."""
    phone(page, "+44 7700 900 306")
    assert page.locator(".phone").count() == 2
    page.reload()
    page.locator(".phone").nth(1).wait_for()
    page.get_by_label("Remove this phone").first.click()
    assert page.locator(".phone").count() == 1


def test_it_fits_a_narrow_screen(page: Page) -> None:
    """At 360 pixels nothing sticks out, and the chat with its field is in view."""
    card = phone(page, "+44 7700 900 307")
    says(card, "feedback")
    card.locator(".theirs.is-done").wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    card.locator("textarea").focus()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    box = card.locator(".send").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 360
    assert box["y"] + box["height"] <= 740


def test_a_broken_file_shows_as_a_banner(page: Page, workshop: Workshop) -> None:
    """With the place, the code and the cure; it goes when the file is right again."""
    path = workshop.service.runtime.settings.project / "flows" / "hours.yaml"
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace("steps:", "stepps:"), encoding="utf-8")
    workshop.look()
    page.locator("#problem pre", has_text="did you mean 'steps'?").wait_for()
    path.write_text(right, encoding="utf-8")
    workshop.look()
    page.locator("#problem").wait_for(state="hidden")
