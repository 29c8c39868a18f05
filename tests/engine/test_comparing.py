"""What differs between two versions of a flow, and how deep it goes."""

from __future__ import annotations

import pytest

from smsflow.engine.comparing import Change, compare, depth
from smsflow.engine.language.parse import load
from smsflow.engine.model import Flow
from tests.engine.conftest import PROJECT

OLD = """
languages: [en, fr]
inputs: {place: {type: text, default: here}}
triggers: [{keyword: GO}]
steps:
  - ask: {en: Coming?, fr: Venez-vous?}
    save: answer
    choices: {yes: [Y], no: [N]}
    timeout: 1d
    then:
      no: {goto: sad}
  - send: {en: Good., fr: Bien.}
  - wait: 1h
sections:
  sad: [{end: sad}]
"""


def flow_of(text: str) -> Flow:
    """A flow that is sound."""
    files = {"smsflow.yaml": PROJECT.encode(), "flows/talk.yaml": f"smsflow: 1\n{text}".encode()}
    return load(files).sound().flows["talk"]


def changes(old: str, new: str) -> list[str]:
    """Every difference in words."""
    return [f"{each.change}: {each.what}" for each in compare(flow_of(old), flow_of(new))]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Bien.", "Très bien.", ["text: send 'main/send-1': text changed in fr"]),
        ("{keyword: GO}", "{keyword: GO}, {keyword: RUN}", ["additive: trigger keyword RUN added"]),
        ("{keyword: GO}", "{keyword: RUN}",
         ["additive: trigger keyword RUN added", "structural: trigger keyword GO removed"]),
        ("{keyword: GO}", "{keyword: GO, fills: [answer]}",
         ["structural: trigger keyword GO: fills changed"]),
        ("{keyword: GO}", "{keyword: GO, lang: fr, match: whole}",
         ["structural: trigger keyword GO: match, lang changed"]),
        ("no: [N]}", "no: [N], later: [L]}", ["additive: ask 'answer': choice 'later' added"]),
        ("  - wait: 1h\n", "  - wait: 1h\n  - end: over\n", ["additive: end 'main/end-1' added"]),
        ("timeout: 1d", "timeout: 2d", ["structural: ask 'answer': timeout changed"]),
        ("wait: 1h", "wait: 2h", ["structural: wait 'main/wait-1': duration changed"]),
        ("{yes: [Y],", "{maybe: [Y],",
         ["breaking: ask 'answer': choice 'yes' removed",
          "additive: ask 'answer': choice 'maybe' added"]),
        ("save: answer", "id: answer\n    save: reply",
         ["breaking: ask 'answer': saved as 'reply', was 'answer'",
          "structural: goto 'answer.then.no/goto-1': where it leads changed"]),
        ("  - wait: 1h\n", "", ["breaking: wait 'main/wait-1' removed"]),
        ("default: here}", "default: there}", ["breaking: input 'place' changed"]),
        ("place: {type: text, default: here}", "at: date",
         ["breaking: input 'at' added", "breaking: input 'place' removed"]),
        ("inputs:", "owner: us\ninputs:",
         ["text: owner, tags or texts that no step uses changed"]),
        ("inputs:", "lifetime: 2d\ninputs:", ["structural: 'lifetime' changed"]),
    ],
)  # fmt: skip
def test_a_change_is_named_with_its_depth(old, new, told):
    """One change to the file is one line, however many places it moves."""
    assert OLD.count(old) == 1
    found = changes(OLD, OLD.replace(old, new))
    assert [each for each in found if "goto" not in each] == [
        each for each in told if "goto" not in each
    ]


def test_what_is_the_same_has_no_changes():
    """Comments and the order of keys make no version, so nothing is told."""
    assert changes(OLD, f"{OLD}# a comment\n") == []
    assert depth([]) is Change.NONE


def test_the_deepest_change_counts():
    """A flow with one breaking change is breaking, whatever else changed."""
    new = OLD.replace("Bien.", "Fin.").replace("  - wait: 1h\n", "")
    assert depth(compare(flow_of(OLD), flow_of(new))) is Change.BREAKING


def test_a_question_whose_type_changes_cannot_be_answered_as_before():
    """The answers to come would be others."""
    new = OLD.replace("choices: {yes: [Y], no: [N]}", "type: yesno")
    assert "breaking: ask 'answer': type yesno, was choice" in changes(OLD, new)
