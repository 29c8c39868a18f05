"""docs/sandbox.md: its examples are taken, and no endpoint is left out."""

from __future__ import annotations

import re

import pytest

from smsflow.sandbox.clock import SystemClock
from smsflow.sandbox.network import Network
from smsflow.sandbox.server import create_app, new_id
from tests.docs.markdown import DOCS, blocks

PAGE = DOCS / "sandbox.md"
REQUESTS = [block.text for block in blocks(PAGE) if block.info == ("http",)]


@pytest.fixture(scope="module")
def app():
    """A sandbox whose clock can be set."""
    network = Network(ids=new_id)
    return create_app(network, user="u", password="p", clock=SystemClock(), perform=lambda _: None)


@pytest.mark.parametrize("text", REQUESTS, ids=lambda text: text.partition("\n")[0])
def test_an_example_of_the_page_is_taken(app, text):
    """Each is answered with 200."""
    head, _, body = text.partition("\n")
    method, path = head.split()
    response = app.test_client().open(
        path, method=method, data=body, content_type="application/json", auth=("u", "p")
    )
    assert response.status_code == 200, response.text


def test_every_endpoint_is_on_the_page(app):
    """By method and path; what a link leads to has no name of its own."""
    page = PAGE.read_text("utf-8")
    named = set(re.findall(r"(GET|POST|PUT|DELETE) (/[^\s`]+)", page))
    shown = {
        (method, re.sub(r"/(\d{5,}|\*|NUMBER)(?=/|$)", "/<number>", path)) for method, path in named
    }
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "links.follow":
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert (method, rule.rule) in shown, f"{method} {rule.rule}"
