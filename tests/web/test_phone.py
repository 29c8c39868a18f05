"""The phone page's endpoints: what they do, and whom they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smsflow.dev import Workshop
from smsflow.web import create_app
from smsflow.web.phone_view import HANDSETS, suggested
from tests.workshop import Page, opened, samples, until


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """The sample project at work; each test has phones of its own."""
    with opened(samples(tmp_path_factory.mktemp("phone"))) as workshop:
        yield workshop


@pytest.fixture
def page(workshop: Workshop) -> Iterator[Page]:
    page = Page(workshop)
    yield page
    page.close()


def a_text(phone: str = "+447700900199") -> dict[str, str]:
    return {"phone": phone, "number": "main", "text": "hours"}


# --- texting --------------------------------------------------------------------------------------


def test_a_text_is_answered_with_parts_and_state(page: Page) -> None:
    """The answer comes with its parts, its delivery state, and the number that it came from."""
    page.says("+447700900101", "hours")
    (answer,) = page.got("+447700900101", 1)
    assert answer["text"] == "We are open Mon-Sat 9:00-18:00. Reply STOP to opt out."
    assert (answer["parts"], answer["mark"], answer["number"]) == (1, "done", "main")
    first, _ = page.look("+447700900101")["bubbles"]
    assert (first["way"], first["text"], first["state"]) == ("in", "hours", "Received")


def test_the_trace_says_which_step_and_why(page: Page) -> None:
    """Each line has what happened, the step and its line in the file; sessions say how they end."""
    page.says("+447700900102", "feedback")
    page.got("+447700900102", 1)
    page.says("+447700900102", "9")
    page.got("+447700900102", 2)
    page.says("+447700900102", "2")
    page.got("+447700900102", 3)
    shown = page.look("+447700900102")
    reply = next(line for line in shown["lines"] if line["what"] == "reply")
    assert reply["step"] == "score"
    assert "number '2'" in reply["detail"]
    assert reply["place"].startswith("flows/csat-survey.yaml:")
    (session,) = shown["sessions"].values()
    assert (session["flow"], session["outcome"], session["step"]) == ("csat-survey", None, "reason")


def test_lines_without_a_session_are_shown(page: Page) -> None:
    """STOP belongs to no session, and stands in the trace all the same."""
    page.says("+447700900103", "STOP")
    page.got("+447700900103", 1)
    lines = page.look("+447700900103")["lines"]
    assert ("stop", None) in [(line["what"], line["session"]) for line in lines]


def test_a_handset_can_fail_through_one_provider_alone(page: Page) -> None:
    """What a handset does is decided by provider, so a backup number can be seen at work."""
    phone = "+447700900104"
    body = {"phone": phone, "provider": "primary", "does": "undeliverable"}
    assert page.ask("POST", "/handsets", body)[0] == 200
    assert page.ask("POST", "/sessions", {"phone": phone, "flow": "otp", "inputs": {}})[0] == 202
    (failed,) = page.got(phone, 1, "Undeliverable")
    (again,) = page.got(phone, 1)
    assert (failed["number"], again["number"], again["again"]) == ("main", "backup", True)
    assert failed["error"] == "EC_UNKNOWN_SUBSCRIBER"
    assert page.look(phone)["handset"] == {"primary": "undeliverable"}


@pytest.mark.parametrize(
    ("does", "state"),
    [
        ("delivered", "Delivered"),
        ("undeliverable", "Undeliverable"),
        ("rejected", "Rejected"),
        ("slow", "Sent"),
        ("silent", "Sent"),
        ("off", "Sent"),
        ("absent", "Sent"),
    ],
)
def test_each_choice_for_a_handset_shows(page: Page, does: str, state: str) -> None:
    """Every choice of the page leads to the state that it names."""
    phone = f"+4477009002{list(HANDSETS).index(does):02}"
    assert page.ask("POST", "/handsets", {"phone": phone, "does": does})[0] == 200
    page.says(phone, "hours")
    page.got(phone, 1, state)


def test_a_code_can_be_read_on_the_handset_and_nowhere_else(page: Page, workshop: Workshop) -> None:
    """The developer's own handset shows the code, even once the store has put a mask over it."""
    phone = "+447700900105"
    page.says(phone, "login")
    (text,) = page.got(phone, 1)
    store = workshop.service.runtime.store
    store.tidy(workshop.clock.now())
    assert store.messages_of(phone)[0].text.startswith("•")
    assert page.look(phone)["bubbles"][-1]["text"] == text["text"]
    code = text["text"][:6]
    assert code.isdigit()
    assert not any(code in line["detail"] for line in page.look(phone)["lines"])
    page.says(phone, code)
    assert page.got(phone, 2)[1]["text"] == "Thanks, your number is confirmed."


def test_markup_stays_text(page: Page) -> None:
    """What a person texts reaches the page as data in JSON, unchanged, and never in the HTML."""
    phone, text = "+447700900106", "<img src=x onerror=alert(1)> {{ 7 * 7 }}"
    page.says(phone, text)
    page.got(phone, 1)
    assert page.look(phone)["bubbles"][0]["text"] == text
    assert "onerror" not in page.text


def test_a_short_link_can_be_followed(tmp_path: Path) -> None:
    """The provider hears of the click, the flow hears of it from the provider."""
    project = samples(tmp_path)
    (project / "flows" / "offer.yaml").write_text(
        "smsflow: 1\ntriggers: [{keyword: OFFER}]\nsteps:\n"
        "  - {send: See https://shop.example/spring, track: true}\n"
        "  - wait: {event: link.clicked}\n"
        "  - send: Glad you looked.\n"
    )
    with opened(project) as workshop:
        page = Page(workshop)
        page.says("+447700900120", "offer")
        (text,) = page.got("+447700900120", 1)
        (link,) = text["links"]
        assert link["short"] in text["text"]
        status, answer = page.ask("POST", "/clicks", {"path": link["path"]})
        assert (status, answer) == (200, {"url": "https://shop.example/spring"})
        assert page.got("+447700900120", 2)[1]["text"] == "Glad you looked."
        assert page.ask("POST", "/clicks", {"path": "no/link"})[0] == 404
        page.close()


def test_a_text_is_one_bubble_on_its_way_and_after(page: Page) -> None:
    """The same text twice is two bubbles, each once, with ids that stay."""
    for count in (1, 2):
        page.says("+447700900107", "hours")
        page.got("+447700900107", count)
    bubbles = page.look("+447700900107")["bubbles"]
    mine = [bubble for bubble in bubbles if bubble["way"] == "in"]
    assert [bubble["id"] for bubble in mine] == ["in-0", "in-1"]


def test_an_unchanged_state_is_not_told_again(page: Page) -> None:
    """A page that looks several times a second costs next to nothing while nothing happens."""
    first = page._http.request("GET", f"{page.url}/phone/state?phone=%2B447700900108")
    seen = first.headers["X-Seen"]
    path = f"/state?phone=%2B447700900108&seen={seen}"
    assert page.ask("GET", path)[0] == 204
    page.says("+447700900108", "hours")
    until(lambda: page.ask("GET", path)[0] == 200, "news")


# --- flows ----------------------------------------------------------------------------------------


def test_flows_are_listed_with_what_starts_them(page: Page) -> None:
    """Keywords with their language, and the inputs of those that an API call starts."""
    flows = {flow["name"]: flow for flow in page.ask("GET", "/state")[1]["project"]["flows"]}
    words = [(each["word"], each["language"]) for each in flows["hours"]["starts"]]
    assert ("HORAIRES", "fr") in words
    assert (flows["hours"]["api"], flows["otp"]["api"]) == (False, True)
    (appointment,) = flows["appointment-reminder"]["inputs"]
    assert [each["type"] for each in appointment["fields"]] == ["text", "datetime", "text"]


def test_inputs_that_are_wrong_are_named(page: Page) -> None:
    """A start is refused with the input's name, as the API would."""
    body = {"phone": "+447700900109", "flow": "appointment-reminder", "inputs": {}}
    status, answer = page.ask("POST", "/sessions", body)
    assert (status, answer) == (400, {"error": "input 'appointment' is missing"})


def test_a_language_can_be_given_with_a_start(page: Page) -> None:
    """The contact is texted in it."""
    phone = "+447700900110"
    page.ask("POST", "/sessions", {"phone": phone, "flow": "otp", "inputs": {}, "language": "fr"})
    assert "est votre code Acme" in page.got(phone, 1)[0]["text"]


def test_suggested_numbers_belong_to_nobody() -> None:
    """Ranges for films come first; a country without one has its numbering plan's example."""
    assert suggested(["GB"])[0] == "+447700900123"
    assert suggested(["CH"])[0].startswith("+41")
    assert suggested([])


# --- whom it refuses ------------------------------------------------------------------------------


def test_the_page_lets_nothing_in_from_elsewhere(page: Page) -> None:
    """A strict policy: no inline script or style, no other origin, no frame."""
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<style" not in page.text
    assert " style=" not in page.text
    assert '<script type="module" src=' in page.text


@pytest.mark.parametrize("path", ["/texts", "/handsets", "/sessions", "/clock"])
def test_a_change_needs_the_token(page: Page, path: str) -> None:
    """Without the page's token, or with another, nothing changes."""
    assert page.ask("POST", path, a_text(), X_Smsflow_Token="")[0] == 403
    assert page.ask("POST", path, a_text(), X_Smsflow_Token="guessed")[0] == 403
    assert page.look("+447700900199")["bubbles"] == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_other_sites_are_refused(page: Page, origin: str) -> None:
    """A page of another origin can't post, even with the token."""
    assert page.ask("POST", "/texts", a_text(), Origin=origin)[0] == 403
    assert page.ask("POST", "/texts", a_text("+447700900198"), Origin=page.url)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_other_names_for_this_machine_are_refused(page: Page, host: str) -> None:
    """A name that an attacker's DNS points at us reads nothing: no page, no token, no texts."""
    assert page.ask("GET", "", Host=host)[0] == 403
    assert page.ask("GET", "/state", Host=host)[0] == 403
    assert page.ask("GET", "/state", Host="localhost:8000")[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/texts", {**a_text(), "phone": "abc"}, "phone number"),
        ("/texts", {**a_text(), "phone": 7}, "phone number"),
        ("/texts", {**a_text(), "text": " "}, "write a text"),
        ("/texts", {**a_text(), "text": "x" * 1601}, "1600"),
        ("/texts", {**a_text(), "number": "nine"}, "no number 'nine'"),
        ("/handsets", {"phone": "+447700900199", "does": "explode"}, "one of: delivered"),
        (
            "/handsets",
            {"phone": "+447700900199", "does": "off", "provider": "x"},
            "no provider 'x'",
        ),
        ("/sessions", {"phone": "+447700900199", "flow": "nope"}, "no flow 'nope'"),
        ("/sessions", {"phone": "+447700900199", "flow": "hours"}, "no trigger `api: true`"),
        ("/clock", {"seconds": -1}, "forward"),
        ("/clock", {"seconds": True}, "forward"),
        ("/clock", {"seconds": 10**30}, "31 days"),
        ("/clock", [], "JSON object"),
    ],
)
def test_mistakes_are_told_in_a_sentence(page: Page, path: str, body: object, why: str) -> None:
    """A 4xx with what is wrong, and nothing changes."""
    status, answer = page.ask("POST", path, body)
    assert 400 <= status < 500
    assert why in answer["error"]


def test_a_number_is_read_as_people_write_it(page: Page) -> None:
    """Spaces and 00 are understood; what is no number is said so."""
    assert page.ask("GET", "/number?typed=0044%207700%20900%20123")[1] == {"phone": "+447700900123"}
    assert page.ask("GET", "/number?typed=ACME")[0] == 400


def test_production_has_no_phone(workshop: Workshop) -> None:
    """The application that `smsflow web` serves knows no such page."""
    client = create_app(workshop.service.runtime).test_client()
    for path in ("/phone", "/phone/state", "/phone/texts"):
        assert client.get(path).status_code == 404
