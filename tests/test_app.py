"""`smsflow.App`: what can be registered, and what `smsflow check` says of a module."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import smsflow
from smsflow.app import ActionContext
from smsflow.author.scripts import read
from smsflow.author.simulated import open_project
from smsflow.config import Settings
from smsflow.engine.extension import Unusable, run_action
from smsflow.engine.transcripts.playing import play
from smsflow.errors import SettingsInvalid
from smsflow.extending import extension, load_folder
from smsflow.providers.memory import MemoryProvider
from smsflow.runtime import Runtime

PROJECT = """\
smsflow-project: 1
python: shop
numbers: {main: {address: "+447700900000", provider: one}}
providers: {one: {kind: pigeonhost, url: https://sms.example}}
"""
MODULE = """\
import smsflow

app = smsflow.App()


@app.action
def stock(item, shop="Leeds"):
    return f"{item} in {shop}"


@app.action(name="charge")
def _charge(amount, context):
    return f"{context.phone} {context.key} {amount}"


@app.filter
def with_vat(price, rate=0.2):
    return round(price * (1 + rate), 2)


@app.keyword_hook
def in_other_words(text, language):
    return "STOCK lamp" if "have you" in text.lower() else None
"""
FLOW = """\
smsflow: 1
triggers: [{keyword: STOCK}]
steps:
  - action: stock
    with: {item: "{{ trigger.args[0] }}"}
    save: found
    on_error: {send: "Sorry, {{ error.message }}."}
  - send: "{{ found | default('nothing') }}, {{ 10 | with_vat }}, {{ 10 | with_vat(0.05) }}."
"""
PRICED = """\
smsflow: 1
triggers: [{event: priced, where: (event.price | with_vat) > 11}]
steps: [{send: Dear!}]
"""
TEST = """\
smsflow-test: 1
flow: stock
tests:
  - name: the registered function runs
    steps:
      - in: stock lamp
      - out: lamp in Leeds, 12.0, 10.5.
  - name: a result that is given
    given: {actions: {stock: seven}}
    steps:
      - in: stock lamp
      - out: {starts: seven}
  - name: an action that fails
    given: {actions: {stock: {fails: no idea}}}
    steps:
      - in: stock lamp
      - out: "Sorry, stock: no idea."
      - out: {starts: nothing}
  - name: a text that stands for a keyword
    steps:
      - in: Have you lamps?
      - out: {starts: lamp in Leeds}
  - name: a filter in the condition of a trigger
    steps:
      - event: {priced: {price: 9, phone: "+447700900123"}}
      - silent: true
      - event: {priced: {price: 10, phone: "+447700900123"}}
      - out: Dear!
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a module of its own."""
    folder = tmp_path / "project"
    for name, text in {
        "smsflow.yaml": PROJECT,
        "shop.py": MODULE,
        "flows/stock.yaml": FLOW,
        "flows/priced.yaml": PRICED,
        "tests/flows/stock.test.yaml": TEST,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def told(folder: Path) -> list[str]:
    """Every issue of the project, with its hint."""
    return [f"{each} ({each.hint})" for each in load_folder(folder).issues]


def test_its_transcripts_run_the_functions(project: Path) -> None:
    """Actions, filters and keyword hooks, as `smsflow test` plays them."""
    assert told(project) == []
    opened = open_project(project)
    script = read(project / "tests/flows/stock.test.yaml", project)
    assert script.issues == ()
    for test in script.tests:
        played = play(test, opened.world)
        assert played.passed, f"{test.name}: {played.reason} {played.got}"


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("import no_such_thing", "shop.py:1: ModuleNotFoundError: No module named 'no_such_thing'"),
        ("def f(:\n    pass", "shop.py:1: SyntaxError"),
        ("x = 1\ny = x / 0", "shop.py:2: ZeroDivisionError"),
        ("import sys\nsys.exit(3)", "shop.py:2: SystemExit: 3"),
        ("x = 1", "the module 'shop' has no 'app'"),
        ("app = 7", "'app' of 'shop' is no smsflow.App"),
        (
            "import smsflow\napp = smsflow.App()\n@app.filter\ndef upper(x): return x",
            "a filter 'upper' is there already",
        ),
        (
            "import smsflow\napp = smsflow.App()\n@app.action\ndef f(x, /): return x",
            "takes 'x' by its place",
        ),
        (
            "import smsflow\napp = smsflow.App()\n@app.action\nasync def f(): return 1",
            "'f' is async",
        ),
    ],
)
def test_a_module_that_cannot_be_used_is_an_issue(project: Path, module: str, says: str) -> None:
    """At the place in smsflow.yaml, with the line of the module, and nothing else is told."""
    (project / "shop.py").write_text(module, "utf-8")
    found = told(project)
    assert len(found) == 1
    assert found[0].startswith("smsflow.yaml:2:9: error F315: ")
    assert says in found[0]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("shop-flows", "names no module"),
        ("nowhere", "there is no module 'nowhere'"),
        ("shop.flows", "there is no module 'shop.flows'"),
        ("shop:other", "the module 'shop' has no 'other'"),
    ],
)
def test_a_name_that_leads_nowhere(project: Path, spec: str, says: str) -> None:
    """The message says what is missing."""
    found = extension(spec, project)
    assert isinstance(found, Unusable)
    assert says in found.message


def test_two_projects_with_modules_of_one_name(project: Path, tmp_path: Path) -> None:
    """Each has its own, in whatever order they are opened."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "smsflow.yaml").write_text(PROJECT, "utf-8")
    (other / "shop.py").write_text(MODULE.replace("stock", "shelf"), "utf-8")
    names = [sorted(load_folder(each).extension.actions) for each in (project, other, project)]
    assert names == [["charge", "stock"], ["charge", "shelf"], ["charge", "stock"]]


def test_a_folder_without_python_is_no_module_of_that_name(project: Path, tmp_path: Path) -> None:
    """Such as `tests`, which most projects have: the one that holds Python stays what it is."""
    (project / "shelves.py").write_text("", "utf-8")
    (project / "shop.py").write_text(f"import shelves\n{MODULE}", "utf-8")
    other = tmp_path / "other"
    (other / "shelves").mkdir(parents=True)
    (other / "smsflow.yaml").write_text(PROJECT, "utf-8")
    (other / "shop.py").write_text(MODULE, "utf-8")
    load_folder(project)
    module = sys.modules["shelves"]
    load_folder(other)
    assert sys.modules.get("shelves") is module


def test_an_action_is_told_whose_it_is() -> None:
    """The parameter `context`, which is not one of `with`."""
    app = smsflow.App()

    @app.action
    def charge(amount: int, context: ActionContext) -> str:
        return f"{context.phone} {context.key} {amount}"

    registered = app.extension.actions["charge"]
    assert (registered.required, registered.optional) == (("amount",), ())
    context = {"phone": "+447700900123", "session": "s", "flow": "f", "language": "en"}
    result = run_action(registered, {"arguments": {"amount": 3}, "context": context}, "k1")
    assert result["value"] == "+447700900123 k1 3"


def test_a_filter_that_fails_fails_its_step(project: Path) -> None:
    """With its name and what it raised."""
    (project / "shop.py").write_text(
        MODULE.replace("return round(price", "raise ValueError('no price')  # ("), "utf-8"
    )
    opened = open_project(project)
    script = read(project / "tests/flows/stock.test.yaml", project)
    played = play(script.tests[0], opened.world)
    assert not played.passed
    assert any("filter 'with_vat': ValueError: no price" in line.text for line in played.chat)


def test_a_provider_of_ones_own(project: Path) -> None:
    """Its kind is known to the checker, and the runtime makes it."""
    module = MODULE + dedent(
        """
        from smsflow.providers.memory import MemoryProvider

        @app.provider("acme")
        def acme(name, url, user, password):
            if not password:
                raise ValueError("no password")
            return MemoryProvider(name)
        """
    )
    (project / "shop.py").write_text(module, "utf-8")
    entry = "{kind: acme, url: https://x.example, user: u, password: env.P, webhook_secret: env.W}"
    yaml = PROJECT.replace("{kind: pigeonhost, url: https://sms.example}", entry)
    (project / "smsflow.yaml").write_text(yaml, "utf-8")
    given: dict[str, Any] = {"P": "secret", "W": "x" * 22}
    runtime = Runtime.open(Settings.from_environment(given, project=project), upgrade=True)
    try:
        assert isinstance(runtime.providers["one"], MemoryProvider)
    finally:
        runtime.close()
    yaml = yaml.replace("kind: acme", "kind: acmee")
    (project / "smsflow.yaml").write_text(yaml, "utf-8")
    assert "did you mean 'acme'?" in told(project)[0]


def test_a_provider_that_cannot_be_made_is_a_wrong_setting(project: Path) -> None:
    """With its name, and no traceback."""
    module = (
        MODULE + "\n@app.provider('acme')\ndef acme(**given):\n    raise OSError('no licence')\n"
    )
    (project / "shop.py").write_text(module, "utf-8")
    entry = "{kind: acme, url: https://x.example, webhook_secret: env.W}"
    yaml = PROJECT.replace("{kind: pigeonhost, url: https://sms.example}", entry)
    (project / "smsflow.yaml").write_text(yaml, "utf-8")
    settings = Settings.from_environment({"W": "x" * 22}, project=project)
    with pytest.raises(SettingsInvalid, match="'one' of kind 'acme' can't be made: OSError"):
        Runtime.open(settings, upgrade=True)


def test_an_event_becomes_a_row_of_the_inbox(project: Path) -> None:
    """Once a runtime is at work; before, the message says what is missing."""
    app = load_folder(project)
    assert app.extension.connect is not None
    module = sys.modules["shop"]
    runtime = Runtime.open(
        Settings.from_environment({"W": "x" * 22}, project=_with_secret(project)), upgrade=True
    )
    try:
        module.app.emit("ticket.closed", {"id": "T1"})
        with pytest.raises(ValueError, match="can't be the name of an event"):
            module.app.emit("no name")
        assert runtime.store.has_due(runtime.clock.now())
    finally:
        runtime.close()
    with pytest.raises(RuntimeError, match="no smsflow is at work"):
        smsflow.App().emit("ticket.closed")


def _with_secret(project: Path) -> Path:
    entry = "{kind: pigeonhost, url: https://sms.example, webhook_secret: env.W}"
    yaml = PROJECT.replace("{kind: pigeonhost, url: https://sms.example}", entry)
    (project / "smsflow.yaml").write_text(yaml, "utf-8")
    return project


@pytest.mark.parametrize(
    ("text", "out"), [("sw1a 1aa", "SW1A1AA"), ("nowhere at all", "Which postcode?")]
)
def test_a_type_of_answers_of_ones_own(project: Path, text: str, out: str) -> None:
    """What it gives is saved; what it calls invalid is asked again."""
    module = MODULE + dedent(
        """
        from smsflow.engine.words.answers import Invalid

        @app.answer_type("postcode")
        class Postcode:
            def parse(self, text, context):
                found = text.replace(" ", "").upper()
                return found if len(found) <= 7 else Invalid("too long")
        """
    )
    (project / "shop.py").write_text(module, "utf-8")
    flow = (
        "smsflow: 1\ntriggers: [{keyword: STOCK}]\nsteps:\n"
        "  - ask: Which postcode?\n    type: app.postcode\n    save: where\n"
        "  - send: '{{ where }}'\n"
    )
    (project / "flows/stock.yaml").write_text(flow, "utf-8")
    test = (
        "smsflow-test: 1\nflow: stock\ntests:\n  - name: x\n    steps:\n      - in: stock\n"
        f"      - out: Which postcode?\n      - in: {text}\n      - out: {out}\n"
    )
    (project / "tests/flows/stock.test.yaml").write_text(test, "utf-8")
    assert told(project) == []
    script = read(project / "tests/flows/stock.test.yaml", project)
    played = play(script.tests[0], open_project(project).world)
    assert played.passed, played.reason
    (project / "flows/stock.yaml").write_text(flow.replace("app.post", "app.past"), "utf-8")
    assert "did you mean 'app.postcode'?" in told(project)[0]
