"""The schemas for editors: what checks clean validates, and a misspelt key does not."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from smsflow.engine.language import grammar, source
from smsflow.engine.language.compose import read
from smsflow.engine.language.parse import load
from smsflow.engine.language.schema import Names, flow_schema, names_of, project_schema
from smsflow.engine.language.source import Node, Scalar
from smsflow.files import read_files
from tests.docs.markdown import all_blocks
from tests.engine.conftest import PROJECT

ROOT = Path(__file__).parents[2]
FLOW = Draft202012Validator(flow_schema())
WORLD = Draft202012Validator(project_schema())


def plain(node: Node) -> Any:
    """A document as an editor's YAML 1.2 parser gives it."""
    match node:
        case Scalar():
            return node.value
        case source.Sequence():
            return [plain(each) for each in node]
        case _:
            return {key.text: plain(child) for key, child in node}


def documents(text: str) -> list[Any]:
    """The documents of a file as plain data."""
    found, issues = read(text, "x.yaml")
    assert issues == []
    return [plain(each.root) for each in found]


def sound_flows() -> Iterator[Any]:
    """Every flow of the samples, of the starter and of the pages, and those of the tests of how
    flows are read."""
    files = [*ROOT.glob("flows/*.yaml"), *ROOT.glob("smsflow/starter/flows/*.yaml")]
    files += ROOT.glob("tests/flows/*.new.yaml")
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in files}
    texts |= {
        each.name: each.text
        for each in all_blocks("yaml")
        if each.text.startswith("smsflow: 1") and not {"mistake", "fragment"} & set(each.info)
    }
    for name, text in sorted(texts.items()):
        yield pytest.param(text, id=name)


@pytest.mark.parametrize("schema", [flow_schema(), project_schema()], ids=["flow", "project"])
def test_it_is_a_schema(schema):
    """Of draft 2020-12; every reference in it leads somewhere."""
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    for ref in references(schema):
        assert ref.removeprefix("#/$defs/") in schema["$defs"], ref


def references(value: Any) -> Iterator[str]:
    """All `$ref` in a schema."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


@pytest.mark.parametrize("text", list(sound_flows()))
def test_a_sound_flow_validates(text):
    """What `smsflow check` takes, an editor does not underline."""
    for document in documents(text):
        FLOW.validate(document)


def test_the_projects_of_the_repository_validate():
    """The sample, the starter, and those of the pages."""
    texts = [(ROOT / path / "smsflow.yaml").read_text("utf-8") for path in ("", "smsflow/starter")]
    texts += [
        each.text
        for each in all_blocks("yaml")
        if each.text.startswith("smsflow-project: 1") and "mistake" not in each.info
    ]
    texts.append(PROJECT)
    for text in texts:
        WORLD.validate(documents(text)[0])


def test_every_verb_is_a_definition_of_its_own():
    """With the verb required, no other keys, and a word on each."""
    definitions = flow_schema()["$defs"]
    for name, verb in grammar.VERBS.items():
        found = definitions[name]
        assert name in found["required"]
        assert found["additionalProperties"] is False
        assert found["description"] == verb.doc
        assert set(found["properties"]) == {name, *verb.keys, *grammar.COMMON}
        assert all(each.get("description") for each in found["properties"].values())


def test_every_top_level_key_is_explained():
    """Flows and the project have just the keys of the grammar."""
    for schema, keys in ((flow_schema(), grammar.FLOW), (project_schema(), grammar.PROJECT)):
        assert set(schema["properties"]) == set(keys)
        assert all(each["description"] for each in schema["properties"].values())


# --- misspelt keys --------------------------------------------------------------------------------

# Under these, names are free, and so is what would be a mistake elsewhere.
_FREE = {
    "inputs",
    "fields",
    "vars",
    "texts",
    "sections",
    "choices",
    "words",
    "then",
    "cases",
    "set",
}
_FREE |= {"numbers", "providers", "services", "deliver", "mo", "default", "values"}
_FREE |= {"json", "form", "query", "headers", "with", "data"}
_FREE_MAPS = {"steps"}  # of `migrate`; a list of steps has keys of the grammar
_TEXTS = {
    "send",
    "ask",
    "otp",
    "text",
    "invalid",
    "wrong",
    "default_reply",
    *("stopped", "started"),
}


def _names_are_free(key: str, value: Any) -> bool:
    return key in _FREE or (key in _FREE_MAPS and isinstance(value, dict))


def misspelt(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The document once for each key of the grammar in it, with that key misspelt."""
    root = value

    def walk(node: Any, path: tuple[Any, ...], *, free: bool) -> Iterator[tuple[Any, ...]]:
        if isinstance(node, list):
            for number, each in enumerate(node):
                yield from walk(each, (*path, number), free=False)
        elif isinstance(node, dict):
            for key, each in node.items():
                label = "run" in node and key.startswith("on_")  # any end of the other flow
                if not free and not label:
                    yield (*path, key)
                if key in _TEXTS and not isinstance(each, list) and not free:
                    continue  # a text by language: its languages are not the grammar's
                if free and path[-1] in ("vars", "default", "set", "texts", "values"):
                    continue
                yield from walk(each, (*path, key), free=not free and _names_are_free(key, each))

    for *above, key in walk(root, path, free=False):
        changed = copy.deepcopy(root)
        inner = changed
        for part in above:
            inner = inner[part]
        inner[f"{key}X"] = inner.pop(key)
        yield "/".join(map(str, (*above, key))), changed


@pytest.mark.parametrize("text", list(sound_flows()))
def test_no_misspelt_key_of_a_flow_validates(text):
    """Each key in turn, at every depth."""
    for document in documents(text):
        for path, changed in misspelt(document):
            assert not FLOW.is_valid(changed), path


def test_no_misspelt_key_of_a_project_validates():
    """Each key in turn, at every depth."""
    (document,) = documents((ROOT / "smsflow.yaml").read_text("utf-8"))
    tried = list(misspelt(document))
    assert len(tried) > 20
    for path, changed in tried:
        assert not WORLD.is_valid(changed), path


# --- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "valid"),
    [
        ({"send": "Hello"}, True),
        ({"send": 5}, True),
        ({"send": {"en": "Hello", "fr": "Bonjour"}}, True),
        ({"send": {"template": "x"}}, True),
        ({"send": {"template": "x", "en": "y"}}, False),
        ({"send": ["a"]}, False),
        ({"send": "a", "ask": "b"}, False),
        ({"ask": "a", "timeout": "2d"}, True),
        ({"ask": "a", "timeout": "1h30m"}, True),
        ({"ask": "a", "timeout": "-2d"}, False),
        ({"ask": "a", "timeout": "soon"}, False),
        ({"ask": "a", "timeout": 5}, False),
        ({"ask": "a", "type": "integers"}, False),
        ({"ask": "a", "range": [1, 5]}, True),
        ({"ask": "a", "range": [1]}, False),
        ({"ask": "a", "nudge": {"times": 1}}, False),
        ({"ask": "a", "then": {"yes": {"end": "x"}, "no": [{"end": "y"}]}}, True),
        ({"ask": "a", "skip": ["SKIP", True, None, 1]}, True),
        ({"ask": "a", "choices": {"red": ["R"], "blue": "B"}}, True),
        ({"ask": "a", "choices": ["red", "blue"]}, True),
        ({"ask": "a", "choices": []}, False),
        ({"wait": "1h"}, True),
        ({"wait": {"until": "at", "offset": "-1d"}}, True),
        ({"wait": {"offset": "-1d"}}, False),
        ({"set": {"x": [1], "contact.city": None}}, True),
        ({"goto": "nowhere yet"}, False),
        ({"goto": "elsewhere"}, True),
        ({"end": "done", "x-note": 1}, True),
        ({"switch": "n"}, False),
    ],
)
def test_values_are_told_apart_as_the_checker_does(step, valid):
    """An editor underlines what the checker refuses, as far as a schema can say it."""
    assert FLOW.is_valid({"smsflow": 1, "steps": [step]}) is valid


@pytest.mark.parametrize(
    ("trigger", "valid"),
    [
        ({"keyword": "GO"}, True),
        ({"keyword": ["GO", 1], "to": "main", "match": "whole"}, True),
        ({"keyword": "GO", "api": True}, False),
        ({"match": "whole"}, False),
        ({"keyword": "GO", "match": "last"}, False),
    ],
)
def test_a_trigger_says_one_thing(trigger, valid):
    """One of its kinds, no more and no less."""
    flow = {"smsflow": 1, "triggers": [trigger], "steps": [{"send": "x"}]}
    assert FLOW.is_valid(flow) is valid


def test_the_names_of_a_project_are_completed():
    """Numbers and policies have to be there; sections and steps may come a moment later."""
    loaded = load(read_files(ROOT))
    schema = flow_schema(names_of(loaded.project, loaded.flows.values()))
    known = Draft202012Validator(schema)

    def valid(step: dict[str, Any]) -> bool:
        return known.is_valid({"smsflow": 1, "steps": [step]})

    assert valid({"send": "x", "via": ["main", "backup"], "deliver": "careful"})
    assert not valid({"send": "x", "via": "mian"})
    assert not valid({"send": "x", "deliver": "carefull"})
    assert valid({"goto": "not_written_yet"})
    targets = schema["$defs"]["goto"]["properties"]["goto"]["anyOf"][0]["enum"]
    assert {"reception", "score", "answer"} <= set(targets)
    assert not [name for name in targets if "/" in name]


def test_a_project_that_could_not_be_read_leaves_names_open():
    """The schema is there while somebody is still writing."""
    assert names_of(None, []) == Names()
    assert FLOW.is_valid({"smsflow": 1, "steps": [{"send": "x", "via": "anything"}]})
