"""The words of the flow language: every verb and key, what may stand there, and what it is for.

One table, because three things are made from it and must agree: the checker, the schema for
editors, and the reference in the documentation. A word that is not here does not exist.
"""

from __future__ import annotations

from smsflow.engine.language.grammar.flows import FLOW, TRIGGER, TRIGGER_KINDS, TYPED, TYPES
from smsflow.engine.language.grammar.project import PROJECT, STATUSES
from smsflow.engine.language.grammar.slots import Key, Kind, Slot, Verb
from smsflow.engine.language.grammar.steps import COMMON, VERBS
from smsflow.engine.words.answers import ANSWER_TYPES

__all__ = [
    "ANSWER_TYPES",
    "COMMON",
    "FLOW",
    "PROJECT",
    "STATUSES",
    "TRIGGER",
    "TRIGGER_KINDS",
    "TYPED",
    "TYPES",
    "VERBS",
    "Key",
    "Kind",
    "Slot",
    "Verb",
]
