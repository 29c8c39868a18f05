"""What `smsflow diff` suggests for `migrate`."""

from __future__ import annotations

import pytest

from smsflow.engine.suggesting import suggest_migration
from tests.engine.conftest import build

OLD = """
triggers: [{keyword: GO}]
steps:
  - ask: Coming?
    save: answer
    choices: {yes: [Y], decline: [N], later: [L]}
  - {wait: 1d, id: pause}
"""


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        ([("decline: [N]", "refuse: [N]")], {"values": {"answer": {"decline": "refuse"}}}),
        ([("save: answer", "save: reply")], {"steps": {"answer": "reply"}}),
        ([("id: pause", "id: rest")], {"steps": {"pause": "rest"}}),
        (
            [("save: answer", "save: reply"), ("decline: [N]", "refuse: [N]")],
            {"steps": {"answer": "reply"}, "values": {"answer": {"decline": "refuse"}}},
        ),
        ([("decline: [N], later: [L]", "no: [N], wait: [L]")],
         {"values": {"answer": {"decline": "no", "later": "wait"}}}),
    ],
)  # fmt: skip
def test_a_new_name_is_suggested(changes: list[tuple[str, str]], entry: dict[str, object]) -> None:
    """By what steps and answers have in common; with it the sessions could move."""
    new = OLD
    for before, after in changes:
        new = new.replace(before, after)
    old = build(OLD).flows["talk"]
    found = suggest_migration(old, build(new).flows["talk"])
    assert found is not None
    assert found.as_entry() == {"from": old.version, **entry}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Coming?", "Will you?"),
        ("choices: {yes: [Y], decline: [N], later: [L]}", "type: integer"),
        ("  - {wait: 1d, id: pause}\n", ""),
        ("decline: [N], later: [L]", "b: [X], c: [Z]"),
    ],
)
def test_nothing_is_suggested_where_nothing_helps(before: str, after: str) -> None:
    """Nothing is in the way, or nothing could stand in for what is gone."""
    old, new = build(OLD), build(OLD.replace(before, after))
    assert suggest_migration(old.flows["talk"], new.flows["talk"]) is None
