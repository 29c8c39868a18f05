"""`smsflow check --format sarif`, held against what SARIF 2.1.0 demands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.cli.conftest import Run

# What the standard demands of the parts that are written (sections 3.13 to 3.30).
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
COUNT = {"type": "integer", "minimum": 1}
REGION = {
    "type": "object",
    "required": ["startLine"],
    "properties": dict.fromkeys(("startLine", "startColumn", "endColumn"), COUNT),
    "additionalProperties": False,
}
PLACE = {
    "type": "object",
    "required": ["artifactLocation", "region"],
    "properties": {
        "artifactLocation": {
            "type": "object",
            "properties": {"uri": {"type": "string", "pattern": "^[A-Za-z0-9._~%/-]+$"}},
            "required": ["uri"],
        },
        "region": REGION,
    },
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {
            "type": "array",
            "minItems": 1,
            "items": {"required": ["physicalLocation"], "properties": {"physicalLocation": PLACE}},
        },
    },
    "additionalProperties": False,
}
RULE = {
    "type": "object",
    "required": ["id", "shortDescription"],
    "properties": {"id": {"type": "string"}, "shortDescription": TEXT},
}
DRIVER = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "rules": {"type": "array", "uniqueItems": True, "items": RULE},
    },
}
RUN = {
    "type": "object",
    "required": ["tool", "results"],
    "properties": {
        "tool": {"type": "object", "required": ["driver"], "properties": {"driver": DRIVER}},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": {"type": "array", "items": RESULT},
    },
    "additionalProperties": False,
}
LOG = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": RUN},
    },
    "additionalProperties": False,
}


def told(run: Run, folder: Path) -> tuple[int, dict[str, Any]]:
    done = run(folder, "check", "--format", "sarif")
    found: dict[str, Any] = json.loads(done.output)
    Draft202012Validator(LOG).validate(found)
    return done.exit_code, found["runs"][0]


def test_a_project_without_mistakes_is_a_run_without_results(run: Run, small: Path) -> None:
    code, found = told(run, small)
    assert (code, found["results"]) == (0, [])


def test_each_mistake_is_a_result_with_its_rule_and_region(run: Run, small: Path) -> None:
    """Columns are those of the caret; the end is behind the last character."""
    flow = small / "flows" / "hello.yaml"
    flow.rename(small / "flows" / "héllo 1.yaml")
    flow = small / "flows" / "héllo 1.yaml"
    flow.write_text("smsflow: 1\nsteps:\n  - sned: Hi\n  - goto: nowhere\n")
    code, found = told(run, small)
    rules = [each["id"] for each in found["tool"]["driver"]["rules"]]
    first = next(each for each in found["results"] if each["ruleId"] == "F206")
    place = first["locations"][0]["physicalLocation"]
    assert code == 1
    assert rules == sorted(set(rules))
    assert all(rules[each["ruleIndex"]] == each["ruleId"] for each in found["results"])
    assert place["artifactLocation"]["uri"] == "flows/h%C3%A9llo%201.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 5, "endColumn": 9}
    assert "did you mean 'send'?" in first["message"]["text"]
